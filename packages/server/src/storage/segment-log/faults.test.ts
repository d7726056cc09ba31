/**
 * The segment log on a disk that fails, tears and forgets at every single point of a small workload. What must hold then:
 * no answered event is lost, repeated or out of order; nothing rejected is served; epochs and receipts stay.
 */
import { describe, expect, test } from 'bun:test';
import { type AppendResult, type Journal, JournalError, type JournalRecord, type Receipt } from '@listenpost/core';
import { parsePosition } from '@listenpost/protocol';
import { type SeededRandom, seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { describeJournal, event } from '../journal.contract.ts';
import { type Fault, FaultyFiles, type Operation } from '../testing/faulty-files.ts';
import { openSegmentLog, type SegmentLog } from './segment-log.ts';

const FOLDER = '/data/journal';
const NOW_MS = 1_700_000_000_000;
const STREAMS = ['alice/usdm', 'bob/pm', 'carol/spot'];
/** Begun, and never written. */
const SILENT = ['dave/usdm', 'erin/usdm', 'frank/usdm'];

/** Segments of a few frames, so that the workload rolls, seals and drops; `wide` ones hold all of it. */
function open(files: FaultyFiles, commit: 'fsync' | 'write' = 'fsync', wide = false): Promise<SegmentLog> {
  const sizes = wide ? {} : { segmentBytes: 2500, retention: { bytes: 12_000 } };
  return openSegmentLog({ files, folder: FOLDER, commit, random: seededRandom(1), nowMs: () => NOW_MS, ...sizes });
}

describeJournal('SegmentLog on a disk in memory', () => {
  let disk = new FaultyFiles(1);
  const options = { folder: FOLDER, commit: 'fsync', random: seededRandom(1), nowMs: () => NOW_MS } as const;
  return {
    open: (given = {}) => openSegmentLog({ files: disk, ...options, ...given }),
    reopen: (given = {}) => {
      disk = disk.afterExit();
      return openSegmentLog({ files: disk, ...options, ...given });
    },
  };
});

/** One append of the workload and what became of it. */
interface Attempt {
  readonly bodies: readonly { readonly stream: string; readonly body: string }[];
  readonly receipt: Receipt | undefined;
  outcome: 'unknown' | 'rejected' | AppendResult;
}

/** Bursts of appends from a seed, retention among them, until done or until the machine stops. */
class Workload {
  readonly attempts: Attempt[] = [];
  readonly seen: JournalRecord[] = [];
  /** Stream → the epoch that was told before it had an event, or after. */
  readonly told = new Map<string, string>();
  readonly #random: SeededRandom;
  #appends = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async run(journal: Journal, bursts: number): Promise<void> {
    journal.onCommitted((records) => this.seen.push(...records));
    for (let burst = 0; burst < bursts; burst += 1) {
      const size = 1 + this.#random.below(4);
      const appends: Promise<void>[] = [];
      for (let i = 0; i < size; i += 1) {
        appends.push(this.#append(journal));
        if (this.#random.below(3) === 0) appends.push(this.#begin(journal));
        // Some come together, some while the one before is being written.
        for (let turns = this.#random.below(4); turns > 0; turns -= 1) await turn();
      }
      await Promise.all(appends);
      if (burst % 4 === 3) await journal.retain().catch(expectFailed);
    }
  }

  async #append(journal: Journal): Promise<void> {
    const bodies = Array.from({ length: 1 + this.#random.below(3) }, () => {
      this.#appends += 1;
      return event(this.#random.pick(STREAMS), `${this.#appends} ${'x'.repeat(this.#random.below(700))}`);
    });
    const attempt: Attempt = { bodies, receipt: this.#receipt(), outcome: 'unknown' };
    this.attempts.push(attempt);
    try {
      attempt.outcome = await journal.append(bodies, attempt.receipt);
    } catch (error) {
      expectFailed(error);
      attempt.outcome = 'rejected';
    }
  }

  async #begin(journal: Journal): Promise<void> {
    const stream = this.#random.pick([...STREAMS, ...SILENT]);
    try {
      this.told.set(stream, (await journal.begin(stream)).epoch);
    } catch (error) {
      expectFailed(error);
    }
  }

  #receipt(): Receipt | undefined {
    const kind = this.#random.below(3);
    if (kind === 0) return { kind: 'key', key: `key ${this.#appends}` };
    return kind === 1 ? { kind: 'producer', producer: 'p', n: this.#appends } : undefined;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function expectFailed(error: unknown): void {
  if (!(error instanceof JournalError) || error.fault !== 'failed') throw error;
}

/** Checks everything that was promised against what the journal says now. */
async function expectKept(journal: Journal, workload: Workload): Promise<ReadonlySet<string>> {
  const held = await heldByStream(journal);
  const bodies = new Set([...held.values()].flatMap((slice) => slice.records.map((record) => record.body)));
  for (const attempt of workload.attempts) {
    if (attempt.outcome === 'rejected') expect(attempt.bodies.filter(({ body }) => bodies.has(body))).toEqual([]);
    else if (attempt.outcome !== 'unknown') expectAnswered(attempt, attempt.outcome, held);
  }
  for (const [stream, epoch] of workload.told) expect([stream, journal.head(stream)?.epoch]).toEqual([stream, epoch]);
  expectDelivered(workload.seen, held);
  expectMark(journal, workload);
  return bodies;
}

interface Slice {
  readonly epoch: string;
  readonly records: readonly JournalRecord[];
  readonly first: number;
  readonly last: number;
}

async function heldByStream(journal: Journal): Promise<Map<string, Slice>> {
  const held = new Map<string, Slice>();
  for (const stream of STREAMS) {
    const slice = await journal.read(stream, 1, 1000);
    if (slice === undefined) continue;
    held.set(stream, slice);
    const { records, first, last } = slice;
    expect(records.map((record) => record.sequence)).toEqual(
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    expect(new Set(records.map((record) => record.body)).size).toBe(records.length);
  }
  return held;
}

/** Its events stand at the numbers it was answered, unless retention took them. */
function expectAnswered(attempt: Attempt, result: AppendResult, held: ReadonlyMap<string, Slice>): void {
  for (const [stream, printed] of result.last) {
    const position = parsePosition(printed);
    const slice = held.get(stream);
    expect(slice?.epoch).toBe(position?.epoch as string);
    const own = attempt.bodies.filter((one) => one.stream === stream).map(({ body }) => body);
    const from = (position?.sequence as number) - own.length + 1;
    expect(slice?.last).toBeGreaterThanOrEqual(position?.sequence as number);
    for (const [i, body] of own.entries()) {
      const sequence = from + i;
      if (slice === undefined || sequence < slice.first) continue;
      expect(slice.records[sequence - slice.first]?.body).toBe(body);
    }
  }
}

/** What the listener saw is what is held: nothing was delivered that is not stored. */
function expectDelivered(seen: readonly JournalRecord[], held: ReadonlyMap<string, Slice>): void {
  for (const stream of STREAMS) {
    const own = seen.filter((record) => record.stream === stream);
    const slice = held.get(stream);
    let before = 0;
    for (const record of own) {
      expect(record.sequence).toBeGreaterThan(before);
      before = record.sequence;
      expect(slice?.last).toBeGreaterThanOrEqual(record.sequence);
      if (slice === undefined || record.sequence < slice.first) continue;
      expect(slice.records[record.sequence - slice.first]?.body).toBe(record.body);
    }
  }
}

function expectMark(journal: Journal, workload: Workload): void {
  let answered = 0;
  let possible = 0;
  for (const { receipt, outcome } of workload.attempts) {
    if (receipt?.kind !== 'producer' || outcome === 'rejected') continue;
    possible = Math.max(possible, receipt.n);
    if (outcome !== 'unknown') answered = Math.max(answered, receipt.n);
  }
  expect(journal.producerMark('p')).toBeGreaterThanOrEqual(answered);
  expect(journal.producerMark('p')).toBeLessThanOrEqual(possible);
}

/** A key is known exactly when its events were stored; sending again what was answered adds nothing. */
async function expectReceipts(journal: Journal, workload: Workload, bodies: ReadonlySet<string>): Promise<void> {
  for (const { receipt, outcome, bodies: own } of workload.attempts) {
    if (receipt?.kind !== 'key') continue;
    const again = await journal.append([], receipt);
    if (outcome === 'rejected') expect(again.repeated).toBe(false);
    else if (outcome !== 'unknown') expect(again).toEqual({ ...outcome, repeated: true });
    else if (again.repeated) expect(again.accepted).toBe(own.length);
    else expect(own.filter(({ body }) => bodies.has(body))).toEqual([]);
  }
}

async function operationsOf(seed: number): Promise<readonly Operation[]> {
  const disk = new FaultyFiles(seed);
  const journal = await open(disk, 'fsync');
  await new Workload(seed).run(journal, BURSTS);
  await journal.close();
  return disk.operations;
}

const BURSTS = 16;
const CHANGES: readonly string[] = ['open', 'write', 'sync', 'truncate', 'rename', 'unlink', 'syncFolder'];

describe('a disk that fails once', () => {
  for (const code of ['EIO', 'ENOSPC'] as const) {
    test(`at every point with ${code}: nothing answered is lost, nothing rejected is served, appends go on`, async () => {
      for (const point of await changesOf(1)) await failOnce(point, { kind: 'fail', code });
    });
  }
});

async function failOnce(point: number, fault: Fault): Promise<void> {
  const disk = new FaultyFiles(point);
  disk.plan = ({ index }) => (index === point ? fault : undefined);
  const journal = await open(disk).catch(() => undefined);
  if (journal === undefined) return;
  const workload = new Workload(1);
  await workload.run(journal, BURSTS);
  // A point behind the workload must not meet what shows that the failure is over.
  disk.plan = () => undefined;
  const { accepted } = await journal.append([event('alice/usdm', 'the disk works again')]);
  expect(accepted).toBe(1);
  expect(journal.fault).toBeUndefined();
  await expectKept(journal, workload);
  await journal.close();
  const again = await open(disk.afterExit());
  await expectReceipts(again, workload, await expectKept(again, workload));
  await again.close();
}

describe('a machine that stops', () => {
  for (const when of ['before', 'within', 'after'] as const) {
    test(`${when} every operation: the next start has all that was answered`, async () => {
      for (const point of await changesOf(2)) await crashAt(point, when, 'fsync');
    });
  }

  test('with commit write: the next start has each stream up to some event, and nothing else', async () => {
    for (const point of await changesOf(2)) {
      const disk = new FaultyFiles(point);
      disk.plan = ({ index }) => (index === point ? { kind: 'crash', when: 'within' } : undefined);
      const workload = await liveUntilCrash(disk, 2, 'write');
      const journal = await open(disk.afterCrash(point), 'write');
      await expectBeginnings(journal, workload);
      await journal.close();
    }
  });

  test('after a failure, at each later point: the next start has all that was answered and nothing rejected', async () => {
    const random = seededRandom(3);
    const points = await changesOf(4);
    for (let after = 1; after < 15; after += 1) {
      const chosen = points.filter(() => random.fraction() < 0.12);
      for (const failAt of chosen) await failThenCrash(failAt, failAt + after, failAt * 31 + after);
    }
  });
});

describe('a process that is killed', () => {
  for (const commit of ['fsync', 'write'] as const) {
    test(`within every operation (commit ${commit}): the next start has all that was answered`, async () => {
      for (const point of await changesOf(5)) {
        const disk = new FaultyFiles(point);
        disk.plan = ({ index }) => (index === point ? { kind: 'crash', when: 'within' } : undefined);
        const workload = await liveUntilCrash(disk, 5, commit);
        const journal = await open(disk.afterExit(), commit);
        await expectReceipts(journal, workload, await expectKept(journal, workload));
        await journal.close();
      }
    });
  }
});

async function changesOf(seed: number): Promise<number[]> {
  const operations = await operationsOf(seed);
  expect(operations.length).toBeGreaterThan(100);
  return operations.filter(({ kind }) => CHANGES.includes(kind)).map(({ index }) => index);
}

async function crashAt(point: number, when: 'before' | 'within' | 'after', commit: 'fsync' | 'write'): Promise<void> {
  const disk = new FaultyFiles(point);
  disk.plan = ({ index }) => (index === point ? { kind: 'crash', when } : undefined);
  await expectKeptAfterCrash(disk, await liveUntilCrash(disk, 2, commit), point);
}

async function failThenCrash(failAt: number, crashAtPoint: number, seed: number): Promise<void> {
  const disk = new FaultyFiles(seed);
  disk.plan = ({ index }) => {
    if (index === failAt) return { kind: 'fail', code: 'EIO' };
    return index === crashAtPoint ? { kind: 'crash', when: 'within' } : undefined;
  };
  await expectKeptAfterCrash(disk, await liveUntilCrash(disk, 4, 'fsync'), seed);
}

async function liveUntilCrash(disk: FaultyFiles, seed: number, commit: 'fsync' | 'write'): Promise<Workload> {
  const workload = new Workload(seed);
  const life = async () => {
    const journal = await open(disk, commit).catch(() => undefined);
    if (journal === undefined) return;
    await workload.run(journal, BURSTS);
    await journal.close().catch(expectFailed);
  };
  await Promise.race([life(), disk.crashed]);
  return workload;
}

async function expectKeptAfterCrash(disk: FaultyFiles, workload: Workload, seed: number): Promise<void> {
  const next = disk.afterCrash(seed + 1);
  // The next life may be stopped too: while it recovers, or in its first appends.
  next.plan = ({ index }) => (index === seed % 40 ? { kind: 'crash', when: 'within' } : undefined);
  const life = async () => {
    const journal = await open(next);
    await workload.run(journal, 3);
    await journal.close();
  };
  await Promise.race([life(), next.crashed]);
  const journal = await open(next.afterCrash(seed + 2));
  await expectReceipts(journal, workload, await expectKept(journal, workload));
  await journal.close();
}

/** What was answered may be gone with the machine, but only from some event on. */
async function expectBeginnings(journal: Journal, workload: Workload): Promise<void> {
  for (const [stream, { records, first, last }] of await heldByStream(journal)) {
    const answered = workload.seen.filter((record) => record.stream === stream);
    expect(records.length).toBe(last - first + 1);
    for (const record of records) {
      const same = answered[record.sequence - 1];
      if (same !== undefined) expect(record.body).toBe(same.body);
    }
  }
}
