/** WebSocket frames (RFC 6455 §5.2), as far as a load needs them. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameSink {
  /** One whole frame; its payload stands in `bytes` from `start` up to `end`, which is valid only during the call. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void;
}

/** Hands each whole frame from `from` on to the sink; gives the place where the first frame that is not whole begins. */
export function scanFrames(bytes: Buffer, from: number, sink: FrameSink): number {
  let at = from;
  while (bytes.length - at >= 2) {
    const short = (bytes[at + 1] as number) & 127;
    let start = at + 2;
    let length = short;
    if (short === 126) {
      if (bytes.length - at < 4) break;
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (short === 127) {
      if (bytes.length - at < 10) break;
      length = bytes.readUInt32BE(start) * 2 ** 32 + bytes.readUInt32BE(start + 4);
      start += 8;
    }
    if (bytes.length - start < length) break;
    sink.frame((bytes[at] as number) & 15, bytes, start, start + length);
    at = start + length;
  }
  return at;
}

/** What a client's header takes before a payload of this size. */
export function clientHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 6;
  return payloadBytes < 65_536 ? 8 : 14;
}

/**
 * Writes a client's header so that it ends at `end`; gives its place. The masking key is zero: to the server a key like any
 * other, it XORs every byte, and to the load no work.
 */
export function writeClientHeader(into: Buffer, end: number, opcode: number, payloadBytes: number): number {
  const at = end - clientHeaderBytes(payloadBytes);
  into[at] = 0x80 | opcode;
  if (payloadBytes < 126) into[at + 1] = 0x80 | payloadBytes;
  else if (payloadBytes < 65_536) {
    into[at + 1] = 0x80 | 126;
    into.writeUInt16BE(payloadBytes, at + 2);
  } else {
    into[at + 1] = 0x80 | 127;
    into.writeUInt32BE(0, at + 2);
    into.writeUInt32BE(payloadBytes, at + 6);
  }
  into.fill(0, end - 4, end);
  return at;
}

/** The request that opens a WebSocket at this path. */
export function handshakeRequest(path: string, host: string): string {
  const fixed = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fixed}Sec-WebSocket-Key: bGlzdGVucG9zdC1iZW5jaA==\r\n\r\n`;
}
