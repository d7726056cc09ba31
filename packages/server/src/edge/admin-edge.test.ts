import { afterEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { BODY_BYTES_MAX } from '../admin/body.ts';
import { makeTestAdmin, type TestAdmin, testEvent, testLine } from '../testing/test-admin.ts';
import { type AdminEdge, startAdminEdge } from './admin-edge.ts';

const edges: AdminEdge[] = [];

function listening(): TestAdmin & { readonly edge: AdminEdge } {
  const admin = makeTestAdmin();
  const edge = startAdminEdge({ host: '127.0.0.1', port: 0, api: admin.api });
  edges.push(edge);
  return { ...admin, edge };
}

afterEach(async () => {
  await Promise.all(edges.splice(0).map((edge) => edge.stop()));
});

/** What a promise rejects with; undefined when it does not. */
const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );

/** A WebSocket whose messages and end are awaited. */
async function opened(edge: AdminEdge, query = '') {
  const socket = new WebSocket(`${edge.url.replace('http', 'ws')}/admin/v1/ingest${query}`);
  const answers: unknown[] = [];
  let arrived: () => void = () => undefined;
  const end = Promise.withResolvers<{ code: number; reason: string }>();
  const ready = Promise.withResolvers<void>();
  socket.onopen = () => ready.resolve();
  socket.onmessage = ({ data }) => {
    answers.push(JSON.parse(String(data)));
    arrived();
  };
  socket.onclose = ({ code, reason }) => {
    end.resolve({ code, reason });
    ready.reject(new Error(`closed: ${code} ${reason}`));
  };
  await ready.promise;
  const answered = async (count: number) => {
    while (answers.length < count) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return answers;
  };
  return { socket, answered, end: end.promise };
}

/** Everything that comes back for these bytes, until the server closes the connection. */
function exchanged(edge: AdminEdge, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(edge.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data;
    });
    socket.on('close', () => resolve(text)).on('error', reject);
  });
}

describe('over HTTP', () => {
  test('a published event is durable when answered', async () => {
    const { edge, house } = listening();
    const response = await fetch(`${edge.url}/admin/v1/events`, { method: 'POST', body: testLine('alice', 1) });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toMatchObject({ accepted: 1 });
    expect(house.journal.head('alice/usdm')?.sequence).toBe(1);
  });

  test('a body beyond the bound is answered, not cut', async () => {
    const { edge, house } = listening();
    const head = `POST /admin/v1/events HTTP/1.1\r\nHost: ${edge.url.slice(7)}\r\nConnection: close\r\n`;
    const answer = await exchanged(edge, `${head}Content-Length: ${4 * BODY_BYTES_MAX}\r\n\r\n`);
    expect(answer).toStartWith('HTTP/1.1 413');
    expect(answer).toContain('"reason":"the body is larger than');
    expect(house.journal.head('alice/usdm')).toBeUndefined();
  });

  test('a foreign Host is refused', async () => {
    const { edge } = listening();
    const answer = await exchanged(
      edge,
      'GET /admin/v1/keys HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toStartWith('HTTP/1.1 403');
  });

  test('a port that is taken is refused at once', () => {
    const { api, edge } = listening();
    expect(() => startAdminEdge({ host: '127.0.0.1', port: edge.port, api })).toThrow();
  });
});

describe('over a WebSocket', () => {
  test('messages are answered in order', async () => {
    const { edge, house } = listening();
    const { socket, answered } = await opened(edge, '?producer=engine');
    for (let n = 1; n <= 200; n++) socket.send(testLine('alice', n, { n }));
    socket.send('x');
    const answers = await answered(201);
    const epoch = house.journal.head('alice/usdm')?.epoch;
    const expected = Array.from({ length: 200 }, (_, at) => ({
      accepted: 1,
      last: { 'alice/usdm': `${epoch}:${at + 1}` },
    }));
    expect(answers.slice(0, 200)).toEqual(expected);
    expect(answers[200]).toMatchObject({ error: { line: 1 } });
    const slice = await house.journal.read('alice/usdm', 1, 1000);
    expect(slice?.records.map(({ body }) => body)).toEqual(Array.from({ length: 200 }, (_, at) => testEvent(at + 1)));
  });

  test('the handshake names the bound of what may be unanswered', async () => {
    const { edge } = listening();
    const answer = exchanged(
      edge,
      `GET /admin/v1/ingest HTTP/1.1\r\nHost: ${edge.url.slice(7)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\u0088\u0080\0\0\0\0',
    );
    expect(await answer).toStartWith('HTTP/1.1 101');
    expect((await answer).toLowerCase()).toContain('listenpost-in-flight-bytes: 67108864');
  });

  test('invalid UTF-8 closes with 1007 and stores nothing', async () => {
    const { edge, house } = listening();
    const text = Buffer.from(testLine('alice', 1).replace('BTCUSDT', 'BTC\u00ff'), 'latin1');
    const head = Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]);
    const handshake =
      `GET /admin/v1/ingest HTTP/1.1\r\nHost: ${edge.url.slice(7)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    const answer = await exchanged(edge, Buffer.concat([Buffer.from(handshake), head, text]));
    expect(answer).toContain('\u0003\u00ef');
    expect(house.journal.head('alice/usdm')).toBeUndefined();
  });

  test('a refused handshake opens nothing', async () => {
    const { edge, api } = listening();
    expect(String(await thrownBy(opened(edge, '?producer=')))).toContain('closed');
    expect(api.producers).toBe(0);
  });

  test('a handshake that is none is refused and holds no place', async () => {
    const { edge, api } = listening();
    const response = await fetch(`${edge.url}/admin/v1/ingest`, { headers: { upgrade: 'websocket' } });
    expect(response.status).toBe(400);
    expect(api.producers).toBe(0);
  });
});

describe('stop', () => {
  test('lets producers have their answers, then closes with 1001', async () => {
    const { edge, api } = listening();
    const { socket, answered, end } = await opened(edge);
    socket.send(testLine('alice', 1));
    await answered(1);
    await edge.stop(5000);
    expect(await end).toEqual({ code: 1001, reason: 'server shutdown' });
    expect(api.producers).toBe(0);
    expect(await thrownBy(fetch(`${edge.url}/healthz`))).toBeInstanceOf(Error);
  });
});
