import type { Case, Context, Figures, Row } from '../case.ts';
import { nowUs, sleep } from '../load/clock.ts';
import { accountId } from '../load/event.ts';
import { Histogram } from '../load/histogram.ts';
import { RequestLoop } from '../load/http.ts';
import { ApiSession } from '../load/session.ts';
import type { BenchServer } from '../server.ts';
import { startServer } from '../stage.ts';
import { askTokens, SYMBOLS } from '../tokens.ts';

const VALIDITY_MS = 3_600_000;
const EVENTS_PER_REQUEST = 64;
const SETTLE_MS = 500;

async function run(context: Context): Promise<Row[]> {
  const server = await startServer(context, { accounts: 1, scopes: 'all', symbols: SYMBOLS });
  const reader = await Reader.open(server);
  try {
    const tokens = await askTokens(
      server,
      SYMBOLS.map((symbol) => ({ account: 0, symbol, validityMs: VALIDITY_MS })),
    );
    const subscribed = await reader.subscribe(tokens.map(({ token }) => token));
    context.progress('publishing to 1,000 subscriptions');
    const delivered = await deliveries(context, server, reader);
    return [
      { step: '1,000 subscribes, all in flight', figures: subscribed },
      { step: 'events to them, HTTP × 64, one request in flight', figures: delivered },
    ];
  } finally {
    reader.close();
    await server.stop();
  }
}

async function deliveries(context: Context, server: BenchServer, reader: Reader): Promise<Figures> {
  const lines = new IsolatedLines(server.admin);
  // One connection: only then is the order of a symbol's events the order in which they were sent.
  const loop = new RequestLoop({ url: server.admin, connections: 1, next: () => lines.request() });
  await loop.start();
  await Promise.race([sleep(context.quick ? 500 : 2000), loop.failed]);
  const before = { us: nowUs(), cpuNs: server.cpuNs(), delivered: reader.delivered };
  reader.latencyUs.reset();
  await Promise.race([sleep(context.quick ? 1500 : 5000), loop.failed]);
  const delivered = reader.delivered - before.delivered;
  const us = nowUs() - before.us;
  const cpuNs = server.cpuNs() - before.cpuNs;
  const [p50Ms = 0, p99Ms = 0] = [0.5, 0.99].map((share) => reader.latencyUs.quantile(share) / 1000);
  await loop.stop();
  await sleep(SETTLE_MS);
  return {
    eventsPerS: (delivered * 1e6) / us,
    cpuPerEventUs: cpuNs / 1000 / delivered,
    serverShare: cpuNs / 1000 / us,
    ...{ p50Ms, p99Ms },
    lost: lines.published - reader.delivered,
    faulty: reader.faulty,
  };
}

/** Requests of events to the symbols in turn; each says when it was sent, of which symbol it is and its number there. */
class IsolatedLines {
  published = 0;
  readonly #host: string;

  constructor(admin: string) {
    this.#host = new URL(admin).host;
  }

  request(): Buffer {
    const body = Array.from({ length: EVENTS_PER_REQUEST }, () => this.#line(nowUs())).join('');
    const head = `POST /admin/v1/events HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/x-ndjson\r\n`;
    return Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  }

  #line(stampUs: number): string {
    const symbol = this.published % SYMBOLS.length;
    const sequence = Math.floor(this.published++ / SYMBOLS.length) + 1;
    const checked = `"ts":${stampUs},"ac":${symbol},"sq":${sequence}`;
    const event = `{"e":"balanceUpdate",${checked},"E":1568879465651,"a":"USDT","d":"250.00000000","T":1568879465650}`;
    return `{"account":"${accountId(0)}","scope":"isolated:${SYMBOLS[symbol]}","event":${event}}\n`;
  }
}

const DELIVERY = /^\{"subscriptionId":(\d+),"event":\{"e":"balanceUpdate","ts":(\d+),"ac":(\d+),"sq":(\d+),/;

/** One socket with a subscription for each symbol; checks that each event comes once, in order and under its own id. */
class Reader {
  readonly latencyUs = new Histogram();
  delivered = 0;
  faulty = 0;
  readonly #server: BenchServer;
  readonly #session: ApiSession;
  /** The symbol's number by subscriptionId. */
  readonly #symbols = new Map<number, number>();
  readonly #sequences = new Uint32Array(SYMBOLS.length);

  private constructor(server: BenchServer, session: ApiSession) {
    this.#server = server;
    this.#session = session;
    session.event = (frame) => this.#event(frame);
  }

  static async open(server: BenchServer): Promise<Reader> {
    const session = await ApiSession.open(server.http, () => reader.faulty++);
    const reader: Reader = new Reader(server, session);
    return reader;
  }

  async subscribe(tokens: readonly string[]): Promise<Figures> {
    const before = { us: nowUs(), cpuNs: this.#server.cpuNs() };
    const ids = await Promise.all(tokens.map((token) => this.#session.subscribe(token)));
    const us = nowUs() - before.us;
    for (const [symbol, id] of ids.entries()) this.#symbols.set(id, symbol);
    const cpuPerRequestUs = (this.#server.cpuNs() - before.cpuNs) / 1000 / tokens.length;
    return { requestsPerS: (tokens.length * 1e6) / us, cpuPerRequestUs };
  }

  close(): void {
    this.#session.close();
  }

  #event(frame: string): void {
    const [, id, stampUs, symbol, sequence] = (DELIVERY.exec(frame) ?? []).map(Number);
    this.delivered++;
    if (id === undefined || stampUs === undefined || symbol === undefined) {
      this.faulty++;
      return;
    }
    this.latencyUs.record(nowUs() - stampUs);
    const expected = (this.#sequences[symbol] ?? 0) + 1;
    if (this.#symbols.get(id) !== symbol || sequence !== expected) this.faulty++;
    this.#sequences[symbol] = expected;
  }
}

export const subscriptions: Case = {
  name: 'subscriptions',
  title: '1,000 isolated symbols on one socket of /ws-api/v3',
  run,
};
