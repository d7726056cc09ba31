/**
 * What stands between the clients and the venue: it ends their TLS, and can do to their connections what networks and venues do.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

const HEADERS_END = Buffer.from('\r\n\r\n');
const UPGRADED = Buffer.from('HTTP/1.1 101');
/** Opcodes below are data; close, ping and pong are above (RFC 6455 §5.2). */
const FIRST_CONTROL_OPCODE = 8;

export class FaultProxy {
  #server;
  #connections = new Set();

  /** Before the plain HTTP port of a server on this machine; `pem` holds the certificate and its key. */
  static async start(port, pem) {
    const proxy = new FaultProxy();
    proxy.#server = createServer({ key: pem, cert: pem }, (near) => proxy.#accept(near, port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Every connection ends as when a cable is pulled out and a router says so. */
  cut() {
    for (const { near, far } of this.#connections) {
      near.destroy();
      far.destroy();
    }
  }

  /** WebSocket connections that are open bring no data any more, and answer pings as before. Later ones are healthy. */
  makeZombies() {
    for (const connection of this.#connections) connection.zombie = true;
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #accept(near, port) {
    const far = connect(port, '127.0.0.1');
    const connection = { near, far, zombie: false };
    this.#connections.add(connection);
    const gate = new FrameGate(() => connection.zombie);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      const passed = gate.pass(bytes);
      if (passed.length > 0) near.write(passed);
    });
    const end = () => {
      this.#connections.delete(connection);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }
}

/** Follows the frames that a server sends, unmasked, so that what is left out is whole frames. */
class FrameGate {
  #shut;
  /** `undefined` until the first answer's headers are there; then whether frames follow them. */
  #framed;
  #rest = Buffer.alloc(0);

  constructor(shut) {
    this.#shut = shut;
  }

  pass(bytes) {
    if (this.#framed === false) return bytes;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#framed === undefined) return this.#headers();
    return Buffer.concat([...this.#frames()]);
  }

  #headers() {
    const end = this.#rest.indexOf(HEADERS_END);
    if (end < 0) return Buffer.alloc(0);
    const all = this.#rest;
    if (!all.subarray(0, UPGRADED.length).equals(UPGRADED)) {
      this.#framed = false;
      return all;
    }
    this.#framed = true;
    const headers = all.subarray(0, end + HEADERS_END.length);
    this.#rest = all.subarray(headers.length);
    return Buffer.concat([headers, ...this.#frames()]);
  }

  *#frames() {
    for (
      let size = frameSize(this.#rest);
      size !== undefined && this.#rest.length >= size;
      size = frameSize(this.#rest)
    ) {
      const frame = this.#rest.subarray(0, size);
      this.#rest = this.#rest.subarray(size);
      const isData = (frame[0] & 0x0f) < FIRST_CONTROL_OPCODE;
      if (!isData || !this.#shut()) yield frame;
    }
  }
}

/** Undefined while its length is not there yet. */
function frameSize(bytes) {
  if (bytes.length < 2) return undefined;
  const length = bytes[1] & 0x7f;
  if (length < 126) return 2 + length;
  if (length === 126) return bytes.length < 4 ? undefined : 4 + bytes.readUInt16BE(2);
  return bytes.length < 10 ? undefined : 10 + Number(bytes.readBigUInt64BE(2));
}
