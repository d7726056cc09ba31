/**
 * What the doors of every runtime keep (`../doors.ts`). As values and without a test runner, so that Bun's and Node's run the
 * same ones.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Doors, HandshakeRefusal, Socket } from '../doors.ts';
import { CLOSED_ABNORMALLY, MESSAGE_BYTES_MAX } from './bounds.ts';
import { closeFrame, frame, OPCODE, openPeer, type Peer, type PeerRequest } from './testing/peer.ts';

export interface DoorsCase {
  readonly name: string;
  run(doors: Doors): Promise<void>;
}

/** Stands for what a URL may hold: a listenKey, a signature. */
const SECRET = 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1';

const never = new AbortController().signal;

// --- Clock and chance --------------------------------------------------------------------------------------------------

const clockCases: readonly DoorsCase[] = [
  {
    name: 'timers fire once, in order, and never in the turn that sets them',
    async run({ clock }) {
      const fired: string[] = [];
      await new Promise<void>((resolve) => {
        clock.after(30, () => {
          fired.push('late');
          resolve();
        });
        clock.after(-1, () => fired.push('at once'));
        clock.after(5, () => fired.push('cancelled')).cancel();
        fired.push('this turn');
      });
      assert.deepEqual(fired, ['this turn', 'at once', 'late']);
    },
  },
  {
    name: 'a delay beyond what the runtime counts to does not fire early',
    async run({ clock }) {
      let fired = false;
      const timer = clock.after(2 ** 31 + 10, () => {
        fired = true;
      });
      await new Promise<void>((resolve) => {
        clock.after(20, resolve);
      });
      timer.cancel();
      assert.equal(fired, false);
    },
  },
  {
    name: 'now is the machine’s time in ms, and chance lies in [0, 1)',
    async run({ clock, random }) {
      assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
      const drawn = Array.from({ length: 100 }, () => random.next());
      assert.ok(drawn.every((value) => value >= 0 && value < 1));
      assert.ok(new Set(drawn).size > 90);
    },
  },
];

// --- HTTP --------------------------------------------------------------------------------------------------------------

/** Asks the peer, and gives what it saw beside what was answered. */
async function exchange(doors: Doors, peer: Peer, answer: (request: PeerRequest) => void, signal = never) {
  const asked = doors.http({ method: 'GET', url: `http://${peer.host}/x?${SECRET}`, headers: {} }, signal);
  const told = outcomeOf(asked);
  const request = await peer.request();
  answer(request);
  return { request, told };
}

async function outcomeOf<T>(promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

function assertTellsNoSecret(error: unknown): void {
  assert.ok(error instanceof Error, inspect(error));
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(SECRET), inspect(error));
}

const httpCases: readonly DoorsCase[] = [
  {
    name: 'a request goes out as it stands, and the answer comes back whole',
    run: (doors) =>
      withPeer(async (peer) => {
        const url = `http://${peer.host}/fapi/v1/listenKey?symbol=%E5%B8%81&a=%2B%2F%3D&b=~.-_`;
        const asked = doors.http({ method: 'GET', url, headers: { 'X-MBX-APIKEY': 'k3y' } }, never);
        const request = await peer.request();
        assert.equal(
          request.head.split('\r\n')[0],
          'GET /fapi/v1/listenKey?symbol=%E5%B8%81&a=%2B%2F%3D&b=~.-_ HTTP/1.1',
        );
        assert.equal(request.header('X-MBX-APIKEY'), 'k3y');
        request.answer(200, '{"s":"币安"}', 'Retry-After: 7\r\nX-MBX-USED-WEIGHT-1M: 12\r\n');
        const { status, headers, text } = await asked;
        assert.equal(status, 200);
        assert.equal(text, '{"s":"币安"}');
        assert.equal(headers['retry-after'], '7');
        assert.equal(headers['x-mbx-used-weight-1m'], '12');
      }),
  },
  ...(['POST', 'PUT'] as const).map((method) => ({
    name: `${method} announces a body of no bytes`,
    run: (doors: Doors) =>
      withPeer(async (peer) => {
        const asked = doors.http({ method, url: `http://${peer.host}/x`, headers: {} }, never);
        const request = await peer.request();
        assert.match(request.head, new RegExp(`^${method} /x `));
        assert.equal(request.header('Content-Length'), '0');
        request.answer(200, '{}');
        assert.equal((await asked).text, '{}');
      }),
  })),
  ...[400, 418, 429, 503].map((status) => ({
    name: `an answer with status ${status} is an answer`,
    run: (doors: Doors) =>
      withPeer(async (peer) => {
        const { told } = await exchange(doors, peer, (request) => request.answer(status, '{"code":-1003}'));
        assert.equal((await told).value?.status, status);
        assert.equal((await told).value?.text, '{"code":-1003}');
      }),
  })),
  {
    name: 'one connection serves one request after the other',
    run: (doors) =>
      withPeer(async (peer) => {
        for (let count = 0; count < 3; count++) {
          const { told } = await exchange(doors, peer, (request) => request.answer(200, String(count)));
          assert.equal((await told).value?.text, String(count));
        }
        assert.equal(peer.connections(), 1);
      }),
  },
  {
    name: 'an answer that is cut is none',
    run: (doors) =>
      withPeer(async (peer) => {
        const { told } = await exchange(doors, peer, (request) => {
          request.write('HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n{"a":');
          request.cut();
        });
        assertTellsNoSecret((await told).error);
      }),
  },
  {
    name: 'a request that is cut before an answer is rejected',
    run: (doors) =>
      withPeer(async (peer) => {
        const url = `http://${peer.host}/x?${SECRET}`;
        const told = outcomeOf(doors.http({ method: 'POST', url, headers: {} }, never));
        (await peer.request()).cut();
        assertTellsNoSecret((await told).error);
      }),
  },
  {
    name: 'an answer beyond the bound is rejected while it arrives',
    run: (doors) =>
      withPeer(async (peer) => {
        const { told } = await exchange(doors, peer, (request) => {
          request.write('HTTP/1.1 200 X\r\nContent-Length: 1000000000\r\n\r\n');
          request.write('x'.repeat(MESSAGE_BYTES_MAX + 1));
        });
        const { error } = await told;
        assert.match(String(error), /larger than/);
        assertTellsNoSecret(error);
      }),
  },
  {
    name: 'an abort rejects with its reason, before and during',
    run: (doors) =>
      withPeer(async (peer) => {
        const reason = new Error('enough');
        const aborted = AbortSignal.abort(reason);
        const url = `http://${peer.host}/x`;
        assert.equal((await outcomeOf(doors.http({ method: 'GET', url, headers: {} }, aborted))).error, reason);
        const abort = new AbortController();
        const { told } = await exchange(doors, peer, () => abort.abort(reason), abort.signal);
        assert.equal((await told).error, reason);
        const half = new AbortController();
        const { told: toldHalf } = await exchange(
          doors,
          peer,
          (request) => request.write('HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n{"a":'),
          half.signal,
        );
        half.abort(reason);
        assert.equal((await toldHalf).error, reason);
      }),
  },
  {
    name: 'nobody there, and what is no URL, reject and tell no secret',
    async run(doors) {
      for (const url of [`http://${await deadHost()}/x?${SECRET}`, `http//${SECRET}`, `http://a b/${SECRET}`]) {
        const { error } = await outcomeOf(doors.http({ method: 'GET', url, headers: {} }, never));
        assertTellsNoSecret(error);
      }
    },
  },
];

// --- WebSockets --------------------------------------------------------------------------------------------------------

type Told = readonly unknown[];

/** What a socket told, in order, and the next thing it tells. */
class Ear {
  readonly told: Told[] = [];
  #wake: (() => void) | undefined;
  #read = 0;

  readonly opened = () => this.#hear('opened');
  readonly message = (data: string | Uint8Array) =>
    this.#hear('message', typeof data === 'string' ? data : Array.from(data));
  readonly ponged = () => this.#hear('ponged');
  readonly closed = (...how: [code: number, reason: string, refusal?: HandshakeRefusal]) =>
    this.#hear('closed', ...how);

  #hear(...told: Told): void {
    this.told.push(told);
    this.#wake?.();
  }

  async next(): Promise<Told> {
    while (this.#read >= this.told.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.told[this.#read++] as Told;
  }
}

interface Open {
  readonly ear: Ear;
  readonly socket: Socket;
  readonly request: PeerRequest;
}

async function opened(doors: Doors, peer: Peer): Promise<Open> {
  const ear = new Ear();
  const socket = doors.connect(`ws://${peer.host}/ws/${SECRET}`, ear);
  const request = await peer.request();
  request.upgrade();
  assert.deepEqual(await ear.next(), ['opened']);
  return { ear, socket, request };
}

async function assertClosedOnce(ear: Ear, code: number, doors: Doors): Promise<string> {
  const [word, got, reason] = await ear.next();
  assert.deepEqual([word, got], ['closed', code]);
  assert.ok(!String(reason).includes(SECRET), String(reason));
  await new Promise<void>((resolve) => {
    doors.clock.after(30, resolve);
  });
  assert.equal(ear.told.filter(([told]) => told === 'closed').length, 1);
  assert.equal(ear.told.at(-1)?.[0], 'closed');
  return String(reason);
}

const socketCases: readonly DoorsCase[] = [
  {
    name: 'texts arrive as strings and bytes as bytes, also with the handshake’s own packet',
    run: (doors) =>
      withPeer(async (peer) => {
        const ear = new Ear();
        const socket = doors.connect(`ws://${peer.host}/ws/${SECRET}?a=b`, ear);
        assert.deepEqual(ear.told, []);
        const request = await peer.request();
        assert.equal(request.head.split('\r\n')[0], `GET /ws/${SECRET}?a=b HTTP/1.1`);
        request.upgrade(frame(OPCODE.text, '{"s":"币安"}'));
        assert.deepEqual(await ear.next(), ['opened']);
        assert.deepEqual(await ear.next(), ['message', '{"s":"币安"}']);
        request.write(Buffer.concat([frame(OPCODE.binary, Buffer.from([1, 2, 255])), frame(OPCODE.text, '')]));
        assert.deepEqual(await ear.next(), ['message', [1, 2, 255]]);
        assert.deepEqual(await ear.next(), ['message', '']);
        const long = 'x'.repeat(70_000);
        request.write(frame(OPCODE.text, long));
        assert.deepEqual(await ear.next(), ['message', long]);
        socket.terminate();
      }),
  },
  {
    name: 'what is sent arrives as one masked text frame',
    run: (doors) =>
      withPeer(async (peer) => {
        const { socket, request } = await opened(doors, peer);
        socket.send('{"id":1,"s":"币安"}');
        const { opcode, masked, payload } = await request.frame();
        assert.deepEqual([opcode, masked, payload.toString('utf8')], [OPCODE.text, true, '{"id":1,"s":"币安"}']);
        socket.terminate();
      }),
  },
  {
    name: 'a ping is answered with its own payload, without a word to the handlers',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket, request } = await opened(doors, peer);
        request.write(frame(OPCODE.ping, '1767225600123'));
        const { opcode, payload } = await request.frame();
        assert.deepEqual([opcode, payload.toString()], [OPCODE.pong, '1767225600123']);
        assert.deepEqual(ear.told, [['opened']]);
        socket.terminate();
      }),
  },
  {
    name: 'where there is a ping, a pong is told',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket, request } = await opened(doors, peer);
        if (socket.ping !== undefined) {
          socket.ping();
          const { opcode, payload } = await request.frame();
          assert.equal(opcode, OPCODE.ping);
          request.write(frame(OPCODE.pong, payload));
          assert.deepEqual(await ear.next(), ['ponged']);
        }
        socket.terminate();
      }),
  },
  {
    name: 'a close of the peer is told with its code and reason, and nothing after',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket, request } = await opened(doors, peer);
        request.write(Buffer.concat([closeFrame(1008, 'disconnected'), frame(OPCODE.text, 'late')]));
        assert.equal(await assertClosedOnce(ear, 1008, doors), 'disconnected');
        socket.send('late');
        socket.ping?.();
        socket.close();
        socket.terminate();
        await assertNothingMore(ear, doors);
      }),
  },
  {
    name: 'a connection that is cut without a word is told as 1006',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, request } = await opened(doors, peer);
        request.cut();
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
      }),
  },
  ...[401, 404, 429, 503].map((status) => ({
    name: `a handshake answered with ${status} is told as 1006`,
    run: (doors: Doors) =>
      withPeer(async (peer) => {
        const ear = new Ear();
        const socket = doors.connect(`ws://${peer.host}/ws/${SECRET}`, ear);
        (await peer.request()).answer(status, '{"code":-1003}', 'Retry-After: 30\r\n');
        const reason = await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
        const refusal = ear.told.at(-1)?.[3] as HandshakeRefusal | undefined;
        // Browsers do not say.
        if (socket.ping === undefined) assert.equal(refusal, undefined);
        else assert.deepEqual([refusal?.status, refusal?.headers['retry-after']], [status, '30'], reason);
        assert.equal(ear.told.length, 1);
      }),
  })),
  {
    name: 'a handshake that is cut is told as 1006',
    run: (doors) =>
      withPeer(async (peer) => {
        const ear = new Ear();
        doors.connect(`ws://${peer.host}/ws/${SECRET}`, ear);
        (await peer.request()).cut();
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
      }),
  },
  {
    name: 'nobody there, and what is no URL, are told as 1006 in a later turn',
    async run(doors) {
      const urls = [
        `ws://${await deadHost()}/${SECRET}`,
        `ws//${SECRET}`,
        `ws://a b/${SECRET}`,
        `ftp://${SECRET}/`,
        '',
      ];
      for (const url of urls) {
        const ear = new Ear();
        const socket = doors.connect(url, ear);
        assert.deepEqual(ear.told, []);
        socket.send('too early');
        socket.ping?.();
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
        assert.equal(ear.told.length, 1);
        socket.close();
        socket.terminate();
      }
    },
  },
  {
    name: 'close says 1000 and is told once it is answered',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket, request } = await opened(doors, peer);
        socket.close();
        const { opcode, payload } = await request.frame();
        assert.deepEqual([opcode, payload.readUInt16BE(0)], [OPCODE.close, 1000]);
        request.write(closeFrame(1000, ''));
        await assertClosedOnce(ear, 1000, doors);
      }),
  },
  {
    name: 'a close that is not answered ends all the same',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket } = await opened(doors, peer);
        socket.close();
        socket.close();
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
      }),
  },
  {
    name: 'terminate ends without the peer’s consent, and nothing that comes later is passed on',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, socket, request } = await opened(doors, peer);
        socket.terminate();
        request.write(frame(OPCODE.text, 'late'));
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
        assert.equal(ear.told.length, 2);
      }),
  },
  ...(['close', 'terminate'] as const).map((verb) => ({
    name: `${verb} during the handshake is told, and never opened`,
    run: (doors: Doors) =>
      withPeer(async (peer) => {
        const ear = new Ear();
        const socket = doors.connect(`ws://${peer.host}/ws/${SECRET}`, ear);
        const request = await peer.request();
        socket[verb]();
        request.upgrade();
        await assertClosedOnce(ear, CLOSED_ABNORMALLY, doors);
        assert.equal(ear.told.length, 1);
      }),
  })),
  {
    name: 'a frame beyond the bound ends the connection',
    run: (doors) =>
      withPeer(async (peer) => {
        const { ear, request } = await opened(doors, peer);
        request.write(frame(OPCODE.text, 'x'.repeat(MESSAGE_BYTES_MAX + 1)));
        const [word] = await ear.next();
        assert.equal(word, 'closed');
        assert.equal(ear.told.length, 2);
      }),
  },
  ...[
    ['a reserved opcode', Buffer.from([0x83, 0])],
    ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
    ['text that is no UTF-8', frame(OPCODE.text, Buffer.from([0xff, 0xfe]))],
    ['a ping in fragments', Buffer.from([0x09, 0])],
    ['a close of one byte', frame(OPCODE.close, Buffer.from([3]))],
  ].map(([fault, bytes]) => ({
    name: `${fault} ends the connection and throws nothing`,
    run: (doors: Doors) =>
      withPeer(async (peer) => {
        const { ear, request } = await opened(doors, peer);
        request.write(bytes as Buffer);
        assert.equal((await ear.next())[0], 'closed');
        await assertNothingMore(ear, doors);
      }),
  })),
];

async function assertNothingMore(ear: Ear, doors: Doors): Promise<void> {
  const told = [...ear.told];
  await new Promise<void>((resolve) => {
    doors.clock.after(30, resolve);
  });
  assert.deepEqual(ear.told, told);
}

export const DOORS_CASES: readonly DoorsCase[] = [...clockCases, ...httpCases, ...socketCases];

async function withPeer(run: (peer: Peer) => Promise<void>): Promise<void> {
  const peer = await openPeer();
  try {
    await run(peer);
  } finally {
    await peer.close();
  }
}

/** Where somebody listened a moment ago. */
async function deadHost(): Promise<string> {
  const peer = await openPeer();
  await peer.close();
  return peer.host;
}
