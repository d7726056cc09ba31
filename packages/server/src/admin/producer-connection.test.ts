import { describe, expect, test } from 'bun:test';
import { type AppendResult, JournalError } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import { makeTestAdmin, type TestAdmin, testEvent, testLine } from '../testing/test-admin.ts';
import { IN_FLIGHT_BYTES_MAX, PRODUCER_ENDS, ProducerConnection } from './producer-connection.ts';

class ListSocket {
  readonly answers: { accepted?: number; duplicates?: number; error?: { line?: number; reason: string } }[] = [];
  end: End | undefined;
  full = false;

  send(text: string): boolean {
    if (!this.full) this.answers.push(JSON.parse(text));
    return !this.full;
  }

  close(end: End): void {
    this.end ??= end;
  }
}

function connected(query = ''): { admin: TestAdmin; connection: ProducerConnection; socket: ListSocket } {
  const admin = makeTestAdmin();
  const headers = { host: 'localhost', upgrade: 'websocket' };
  const connection = admin.api.producer(new Request(`http://localhost/admin/v1/ingest${query}`, { headers }));
  if (!(connection instanceof ProducerConnection)) throw new Error('the handshake was refused');
  const socket = new ListSocket();
  connection.opened(socket);
  return { admin, connection, socket };
}

/** Appends that wait until the test settles them, in whichever order. */
function heldAppends({ house }: TestAdmin) {
  const held: { resolve(): void; reject(cause: Error): void }[] = [];
  house.journal.append = () => {
    const { promise, resolve, reject } = Promise.withResolvers<AppendResult>();
    held.push({ resolve: () => resolve({ accepted: 1, last: new Map(), repeated: false }), reject });
    return promise;
  };
  return held;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a producer connection', () => {
  test('answers each message once it is durable', async () => {
    const { admin, connection, socket } = connected();
    connection.message(`${testLine('alice', 1)}\n${testLine('alice', 2)}`);
    expect(socket.answers).toEqual([]);
    await settled();
    const epoch = admin.house.journal.head('alice/usdm')?.epoch;
    expect(socket.answers).toEqual([{ accepted: 2, last: { 'alice/usdm': `${epoch}:2` } } as object]);
  });

  test('does not wait for one message to take the next, and answers in order', async () => {
    const { admin, connection, socket } = connected();
    const held = heldAppends(admin);
    connection.message(testLine('alice', 1));
    connection.message('no line');
    connection.message(testLine('alice', 3));
    expect(held).toHaveLength(2);
    held[1]?.resolve();
    await settled();
    expect(socket.answers).toEqual([]);
    held[0]?.resolve();
    await settled();
    expect(socket.answers.map(({ accepted, error }) => accepted ?? error?.line)).toEqual([1, 1, 1]);
    expect(socket.answers[1]?.error?.reason).toMatch(/^not JSON/);
    expect(socket.end).toBeUndefined();
  });

  test('stores nothing of a message with a bad line and goes on', async () => {
    const { admin, connection, socket } = connected();
    connection.message(`${testLine('alice', 1)}\n${testLine('carol', 2)}`);
    connection.message(testLine('alice', 3));
    await settled();
    expect(socket.answers[0]).toEqual({ error: { line: 2, reason: expect.stringContaining('carol') } });
    const slice = await admin.house.journal.read('alice/usdm', 1, 10);
    expect(slice?.records.map(({ body }) => body)).toEqual([testEvent(3)]);
  });

  test('answers a binary message in its turn', async () => {
    const { connection, socket } = connected();
    connection.message(testLine('alice', 1));
    connection.binary();
    await settled();
    expect(socket.answers.map(({ error }) => error?.reason)).toEqual([undefined, expect.stringContaining('binary')]);
  });

  test('that is cut before the answer sends again, and nothing is stored twice', async () => {
    const { admin, connection } = connected('?producer=engine');
    connection.message(testLine('alice', 1, { n: 1 }));
    connection.closed();
    await settled();
    expect(admin.api.producers).toBe(0);
    const { status, json } = await admin.call(
      'POST',
      '/admin/v1/events?producer=engine',
      testLine('alice', 1, { n: 1 }),
    );
    expect([status, json]).toEqual([200, { accepted: 1, duplicates: 1, last: {} }]);
    expect(admin.house.journal.head('alice/usdm')?.sequence).toBe(1);
  });

  test('is told of a journal fault and may go on, when it does not count its lines', async () => {
    const { admin, connection, socket } = connected();
    const [held] = [heldAppends(admin)];
    connection.message(testLine('alice', 1));
    held[0]?.reject(new JournalError('overloaded', 'Too much waits.'));
    await settled();
    expect(socket.answers).toEqual([{ error: { reason: 'journal: Too much waits.' } }]);
    expect(socket.end).toBeUndefined();
  });

  test('that counts is ended at a journal fault: what follows must not overtake what failed', async () => {
    const { admin, connection, socket } = connected('?producer=engine');
    const held = heldAppends(admin);
    connection.message(testLine('alice', 1, { n: 1 }));
    connection.message(testLine('alice', 2, { n: 2 }));
    held[0]?.reject(new JournalError('failed', 'The disk is full.'));
    held[1]?.reject(new JournalError('failed', 'The disk is full.'));
    await settled();
    connection.message(testLine('alice', 3, { n: 3 }));
    expect(held).toHaveLength(2);
    expect(socket.answers).toHaveLength(2);
    expect(socket.end).toBe(PRODUCER_ENDS.journalFault);
  });

  test('is ended when too many bytes have no answer', async () => {
    const { admin, connection, socket } = connected();
    heldAppends(admin);
    const message = testLine('alice', 1) + ' '.repeat(8 * 2 ** 20);
    for (let sent = 0; sent < IN_FLIGHT_BYTES_MAX; sent += message.length) connection.message(message);
    expect(socket.end).toBe(PRODUCER_ENDS.tooMuchInFlight);
  });

  test('may send as much as it likes when it waits for its answers', async () => {
    const { connection, socket } = connected();
    const message = testLine('alice', 1) + ' '.repeat(8 * 2 ** 20);
    for (let sent = 0; sent < 2 * IN_FLIGHT_BYTES_MAX; sent += message.length) {
      connection.message(message);
      await settled();
    }
    expect(socket.end).toBeUndefined();
  });

  test('is ended when it does not read its answers', async () => {
    const { connection, socket } = connected();
    socket.full = true;
    connection.message('x');
    expect(socket.end).toBe(PRODUCER_ENDS.answersUnread);
  });

  test('has its answers before a shutdown ends it', async () => {
    const { admin, connection, socket } = connected();
    connection.message(testLine('alice', 1));
    admin.api.shutDown();
    connection.message(testLine('alice', 2));
    expect(socket.end).toBeUndefined();
    await settled();
    expect(socket.answers).toHaveLength(1);
    expect(socket.end).toBe(PRODUCER_ENDS.shutdown);
  });

  test('is ended and reported when something unexpected happens', async () => {
    const { admin, connection, socket } = connected();
    const fault = new Error('unexpected');
    admin.house.journal.append = () => Promise.reject(fault);
    connection.message(testLine('alice', 1));
    await settled();
    expect([admin.reports, socket.end]).toEqual([[fault], PRODUCER_ENDS.internalError]);
  });
});

test('a plain GET is told to come as a WebSocket, or why it could not', async () => {
  const admin = makeTestAdmin();
  expect((await admin.call('GET', '/admin/v1/ingest')).status).toBe(426);
  expect((await admin.call('GET', '/admin/v1/ingest?producer=a%20b')).status).toBe(400);
});
