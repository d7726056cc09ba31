import type { Case, Context, Figures, Row } from '../case.ts';
import { sleep } from '../load/clock.ts';
import { Histogram } from '../load/histogram.ts';
import { ApiSession } from '../load/session.ts';
import type { BenchServer } from '../server.ts';
import { startServer } from '../stage.ts';
import { askTokens, SYMBOLS } from '../tokens.ts';

/** 50,000 a minute; they come in a burst each second. */
const RENEWALS_PER_S = 834;

/** An expiry that has not come this long after its deadline is missing. */
const MISSING_AFTER_MS = 3000;

/** `validityMs` must outlast the subscribing and the storm. */
const FULL = { tokens: 50_000, validityMs: 90_000 };
const QUICK = { tokens: 2000, validityMs: 5000 };

async function run(context: Context): Promise<Row[]> {
  const { tokens, validityMs } = context.quick ? QUICK : FULL;
  const sockets = tokens / SYMBOLS.length;
  const server = await startServer(context, { accounts: sockets, scopes: 'all', symbols: SYMBOLS });
  const storm = new Storm(server, validityMs);
  try {
    const step = `${tokens.toLocaleString('en')} tokens on ${sockets} sockets`;
    context.progress(`subscribing ${step}`);
    await storm.open(sockets);
    await storm.grant(0, tokens);
    context.progress('renewing them');
    const figures = await storm.renewAll(tokens);
    context.progress('waiting until they end');
    await sleep(validityMs + MISSING_AFTER_MS);
    return [{ step, figures: { ...figures, ...storm.expiries() } }];
  } finally {
    storm.close();
    await server.stop();
  }
}

/** Token n is of account and socket `n / 1000`, and of symbol and subscription `n % 1000`. */
class Storm {
  readonly #server: BenchServer;
  readonly #validityMs: number;
  readonly #sessions: ApiSession[] = [];
  readonly #deadlines: number[] = [];
  readonly #lateMs = new Histogram();
  readonly #ended = new Set<number>();
  #early = 0;
  #fault: Error | undefined;

  constructor(server: BenchServer, validityMs: number) {
    this.#server = server;
    this.#validityMs = validityMs;
  }

  async open(sockets: number): Promise<void> {
    for (let socket = 0; socket < sockets; socket++) {
      const session = await ApiSession.open(this.#server.http, (error) => {
        this.#fault ??= error;
      });
      session.event = (frame) => this.#event(socket, frame);
      this.#sessions.push(session);
    }
  }

  /** Subscribes tokens `from` up to `end`, or renews them, in the order of their numbers on each socket. */
  async grant(from: number, end: number): Promise<void> {
    const numbers = Array.from({ length: end - from }, (_, index) => from + index);
    const wishes = numbers.map((number) => ({ ...placeOf(number), validityMs: this.#validityMs }));
    const tokens = await askTokens(this.#server, wishes);
    const ids = numbers.map((number, index) => {
      const { token, expirationTime } = tokens[index] ?? { token: '', expirationTime: 0 };
      this.#deadlines[number] = expirationTime;
      return this.#session(number).subscribe(token);
    });
    for (const [index, id] of (await Promise.all(ids)).entries()) {
      const number = from + index;
      if (id !== number % SYMBOLS.length) throw new Error(`token ${number} was given the subscription ${id}`);
    }
  }

  async renewAll(tokens: number): Promise<Figures> {
    const startedAt = performance.now();
    const cpuNs = this.#server.cpuNs();
    for (let from = 0, burst = 1; from < tokens; from += RENEWALS_PER_S, burst++) {
      await this.grant(from, Math.min(from + RENEWALS_PER_S, tokens));
      if (from + RENEWALS_PER_S < tokens) await sleep(startedAt + burst * 1000 - performance.now());
    }
    const stormS = (performance.now() - startedAt) / 1000;
    return { stormS, cpuPerRenewalUs: (this.#server.cpuNs() - cpuNs) / 1000 / tokens };
  }

  expiries(): Figures {
    if (this.#fault !== undefined) throw this.#fault;
    return {
      lateP99Ms: this.#lateMs.quantile(0.99),
      lateMaxMs: this.#lateMs.max,
      endedEarly: this.#early,
      missing: this.#deadlines.length - this.#ended.size,
    };
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #session(number: number): ApiSession {
    const session = this.#sessions[placeOf(number).account];
    if (session === undefined) throw new Error(`token ${number} has no socket`);
    return session;
  }

  #event(socket: number, frame: string): void {
    const id = /^\{"subscriptionId":(\d+),"event":\{"e":"eventStreamTerminated"/.exec(frame)?.[1];
    if (id === undefined) {
      this.#fault ??= new Error(`an event that nobody published: ${frame.slice(0, 200)}`);
      return;
    }
    const number = socket * SYMBOLS.length + Number(id);
    const lateMs = Date.now() - (this.#deadlines[number] ?? 0);
    this.#ended.add(number);
    if (lateMs < 0) this.#early++;
    else this.#lateMs.record(lateMs);
  }
}

const placeOf = (number: number) => ({
  account: Math.floor(number / SYMBOLS.length),
  symbol: SYMBOLS[number % SYMBOLS.length],
});

export const renewalStorm: Case = {
  name: 'renewal-storm',
  title: 'listenTokens renewed at 50,000 a minute, and then let run out',
  run,
};
