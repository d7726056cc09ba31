import type { Case, Context, Figures, Row } from '../case.ts';
import { sleep } from '../load/clock.ts';
import { drive } from '../load/drive.ts';
import { Lines } from '../load/lines.ts';
import { HttpPublisher, IngestPublisher, type Publisher } from '../load/publishers.ts';
import { Fleet } from '../load/sockets.ts';
import type { BenchServer } from '../server.ts';
import { startListenKeys, startServer, streamPath } from '../stage.ts';

const FULL = { alone: 200_000, clients: 5000, backlog: 40, live: 3000, livePerS: 2000, windowMs: 5000 };
const QUICK = { alone: 30_000, clients: 1000, backlog: 20, live: 500, livePerS: 2000, windowMs: 1500 };
type Size = typeof FULL;

/** Handshakes of a storm in flight at once: less than the listener's backlog, so that none waits for a second SYN. */
const STORMING_MAX = 256;

/** A backlog that has not come after this is not coming. */
const CAUGHT_UP_WITHIN_MS = 60_000;

/**
 * Account 0 has a backlog of its own; accounts 1 to `clients` have one each and resume; the `live` ones behind them are
 * connected all the time, and it is their latency that a storm must leave alone.
 */
async function run(context: Context): Promise<Row[]> {
  const size = context.quick ? QUICK : FULL;
  const accounts = 1 + size.clients + size.live;
  const server = await startServer(context, { accounts });
  try {
    const keys = await startListenKeys(server, accounts);
    const resuming = new Resuming(server, keys.slice(0, 1 + size.clients));
    await resuming.learnPositions();
    context.progress('publishing the backlogs');
    await fill(server, new Lines(1, 0), size.alone);
    await fill(server, new Lines(size.clients, 1), size.clients * size.backlog);
    const one = await resuming.catchUp(0, 1, size.alone);
    const many = await resuming.catchUp(1, size.clients, size.clients * size.backlog);
    const rows = [
      { step: `1 client, ${size.alone.toLocaleString('en')} events behind`, figures: one },
      {
        step: `${size.clients.toLocaleString('en')} clients at once, ${size.backlog} events behind each`,
        figures: many,
      },
    ];
    return [...rows, ...(await liveBeside(context, server, size, keys, resuming))];
  } finally {
    await server.stop();
  }
}

/** The latency of those who are connected, while others come: nobody, clients without a backlog, a storm. */
async function liveBeside(
  context: Context,
  server: BenchServer,
  size: Size,
  keys: readonly string[],
  resuming: Resuming,
): Promise<Row[]> {
  const first = 1 + size.clients;
  const fleet = new Fleet(server.http, first);
  await fleet.connect(keys.slice(first).map(streamPath));
  const options = { url: server.admin, lines: new Lines(size.live, first), connections: 8, unitEvents: 1 };
  const publisher = await new IngestPublisher(options).open();
  const clients = size.clients.toLocaleString('en');
  const steps: [string, () => Promise<unknown>][] = [
    ['nobody comes', () => sleep(100)],
    [`${clients} clients come at once, again and again`, () => resuming.come(1, size.clients)],
    [
      `${clients} clients resume at once, again and again`,
      () => resuming.catchUp(1, size.clients, size.clients * size.backlog),
    ],
  ];
  const rows: Row[] = [];
  try {
    for (const [name, others] of steps) {
      context.progress(`live delivery while ${name}`);
      const figures = await liveWhile(server, size, fleet, publisher, others);
      rows.push({ step: `live at ${size.livePerS.toLocaleString('en')}/s while ${name}`, figures });
    }
  } finally {
    publisher.close();
    fleet.close();
  }
  return rows;
}

async function liveWhile(
  server: BenchServer,
  { livePerS, windowMs }: Size,
  fleet: Fleet,
  publisher: Publisher,
  others: () => Promise<unknown>,
): Promise<Figures> {
  let driving = true;
  const again = async () => {
    while (driving) await others();
  };
  const coming = again();
  const driven = drive({
    ...{ publisher, fleet, eventsPerS: livePerS, windowEvents: Number.POSITIVE_INFINITY },
    ...{ warmMs: 500, measureMs: windowMs, lostAfterMs: 3000, cpuNs: () => server.cpuNs() },
  }).finally(() => {
    driving = false;
  });
  const [{ eventsPerS, p50Ms, p99Ms, p999Ms, maxMs, lateMaxMs, serverShare, loadShare, lost }] = await Promise.all([
    driven,
    coming,
  ]);
  const faulty = Object.values(fleet.faults).reduce((left, right) => left + right, 0);
  return { eventsPerS, p50Ms, p99Ms, p999Ms, maxMs, lateMaxMs, serverShare, loadShare, lost, faulty };
}

/** Publishes so many events of these lines, in requests of 64. */
async function fill(server: BenchServer, lines: Lines, events: number): Promise<void> {
  // One connection, and so one order; what the last request has too many of is left out by the number asked for.
  const publisher = await new HttpPublisher({ url: server.admin, lines, connections: 1, unitEvents: 50 }).open();
  try {
    while (publisher.published < events) {
      if (!publisher.publish(0)) await new Promise((resolve) => setImmediate(resolve));
      publisher.assertSound();
    }
    while (!publisher.publish(0)) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    publisher.close();
  }
}

class Resuming {
  readonly #server: BenchServer;
  readonly #keys: readonly string[];
  #positions: readonly (string | undefined)[] = [];

  constructor(server: BenchServer, keys: readonly string[]) {
    this.#server = server;
    this.#keys = keys;
  }

  /** From the beginning of each stream. */
  async learnPositions(): Promise<void> {
    const fleet = new Fleet(this.#server.http);
    await fleet.connect(this.#keys.map((key) => wrapped(key, 'latest')));
    await until(() => fleet.verdicts === this.#keys.length);
    this.#positions = fleet.positions;
    fleet.close();
  }

  /** So many clients from account `first` on come, and leave when all are there. */
  async come(first: number, count: number): Promise<void> {
    const fleet = new Fleet(this.#server.http, first);
    await fleet.connect(this.#keys.slice(first, first + count).map(streamPath), STORMING_MAX);
    fleet.close();
  }

  /** They resume from the beginning, until they have `events` together. */
  async catchUp(first: number, count: number, events: number): Promise<Figures> {
    const fleet = new Fleet(this.#server.http, first);
    const cpuNs = this.#server.cpuNs();
    const startedAt = performance.now();
    const accounts = Array.from({ length: count }, (_, nth) => first + nth);
    const path = (account: number) => wrapped(this.#keys[account] ?? '', this.#positions[account] ?? '');
    await fleet.connect(accounts.map(path), STORMING_MAX);
    await until(() => fleet.delivered >= events);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuUs = (this.#server.cpuNs() - cpuNs) / 1000;
    const faulty = Object.values(fleet.faults).reduce((left, right) => left + right, 0);
    if (faulty > 0) throw new Error(`a backfill was faulty: ${fleet.examples.join('; ')}`);
    const { delivered } = fleet;
    fleet.close();
    return {
      eventsPerS: delivered / seconds,
      cpuPerEventUs: cpuUs / delivered,
      clientsPerS: count / seconds,
      allS: seconds,
      serverShare: cpuUs / 1e6 / seconds,
    };
  }
}

const wrapped = (key: string, resume: string) => `/private/stream?streams=${key}&resume=${resume}`;

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + CAUGHT_UP_WITHIN_MS;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('resuming clients did not catch up');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const resume: Case = {
  name: 'resume',
  title: 'Backfills, alone and in a storm, and what live delivery notices of them',
  run,
};
