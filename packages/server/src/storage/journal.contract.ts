/**
 * What every journal keeps, whatever it stores in (packages/core/src/journal.ts). Each implementation's test file runs this
 * with its own way to open one.
 */
import { expect, test } from 'bun:test';
import { IDEMPOTENCY_KEYS_MAX, type Journal, JournalError, type JournalRecord, PRODUCERS_MAX } from '@listenpost/core';
import { parsePosition } from '@listenpost/protocol';

export interface OpenOptions {
  readonly pendingBytesMax?: number;
  readonly nowMs?: () => number;
  readonly retention?: { readonly ageMs?: number; readonly bytes?: number };
  readonly segmentBytes?: number;
}

export interface JournalUnderTest {
  /** An empty journal, on a place of its own. */
  open(options?: OpenOptions): Promise<Journal>;
  /** The same place again, after `close`; absent where nothing outlives the process. */
  reopen?(options?: OpenOptions): Promise<Journal>;
}

export function event(stream: string, body: string, type = 'ORDER_TRADE_UPDATE') {
  return { stream, type, body: JSON.stringify({ e: type, body }) };
}

export function describeJournal(name: string, makeJournal: () => JournalUnderTest): void {
  const named = (sentence: string) => `${name} · ${sentence}`;

  test(named('numbers each stream from 1 without a gap'), async () => {
    const journal = await makeJournal().open();
    const first = await journal.append([event('alice/usdm', '1'), event('bob/usdm', '1'), event('alice/usdm', '2')]);
    const second = await journal.append([event('alice/usdm', '3')]);
    expect(first.accepted).toBe(3);
    expect([...first.last.keys()]).toEqual(['alice/usdm', 'bob/usdm']);
    expect(sequences(first.last)).toEqual([2, 1]);
    expect(sequences(second.last)).toEqual([3]);
    await journal.close();
  });

  test(named('gives each stream its own epoch, which stays'), async () => {
    const journal = await makeJournal().open();
    const first = await journal.append([event('alice/usdm', '1'), event('bob/usdm', '1')]);
    const second = await journal.append([event('alice/usdm', '2')]);
    const epochs = [...first.last.values()].map((text) => parsePosition(text)?.epoch);
    expect(epochs[0]).toMatch(/^[A-Za-z0-9]{8,16}$/);
    expect(epochs[0]).not.toBe(epochs[1]);
    expect(parsePosition(second.last.get('alice/usdm') as string)?.epoch).toBe(epochs[0] as string);
    await journal.close();
  });

  test(named('tells where a stream stands, and nothing of one without events'), async () => {
    const journal = await makeJournal().open();
    const { last } = await journal.append([event('alice/usdm', '1'), event('alice/usdm', '2')]);
    expect(journal.head('alice/usdm')).toEqual(parsePosition(last.get('alice/usdm') as string));
    expect(journal.head('bob/usdm')).toBeUndefined();
    expect(await journal.read('bob/usdm', 1, 10)).toBeUndefined();
    await journal.close();
  });

  test(named('an event is neither readable nor counted before its commit'), async () => {
    const journal = await makeJournal().open();
    const pending = journal.append([event('alice/usdm', '1')]);
    expect(journal.head('alice/usdm')).toBeUndefined();
    expect(await journal.read('alice/usdm', 1, 10).then((slice) => slice?.records.length ?? 0)).toBe(0);
    await pending;
    expect(journal.head('alice/usdm')?.sequence).toBe(1);
    await journal.close();
  });

  test(named('begins a stream: its epoch is told before its first event, and stays'), async () => {
    const journal = await makeJournal().open();
    const begun = await journal.begin('alice/usdm');
    expect(begun).toEqual({ epoch: expect.stringMatching(/^[A-Za-z0-9]{8,16}$/), sequence: 0 });
    expect(await journal.begin('alice/usdm')).toEqual(begun);
    expect(journal.head('alice/usdm')).toEqual(begun);
    expect(await journal.read('alice/usdm', 1, 10)).toEqual({ epoch: begun.epoch, records: [], first: 1, last: 0 });
    const { last } = await journal.append([event('alice/usdm', '1')]);
    expect(last.get('alice/usdm')).toBe(`${begun.epoch}:1`);
    expect(await journal.begin('alice/usdm')).toEqual({ epoch: begun.epoch, sequence: 1 });
    expect((await journal.begin('bob/usdm')).epoch).not.toBe(begun.epoch);
    await journal.close();
  });

  test(named('begins a stream once, however many ask and whatever is appended meanwhile'), async () => {
    const journal = await makeJournal().open();
    const appended = journal.append([event('alice/usdm', '1')]);
    const streams = ['alice/usdm', 'bob/usdm', 'bob/usdm', 'carol/usdm', 'alice/usdm', 'carol/usdm'];
    const begun = streams.map((stream) => journal.begin(stream));
    const later = journal.append([event('carol/usdm', '1'), event('bob/usdm', '1')]);
    const positions = await Promise.all(begun);
    const epochs = new Map(streams.map((stream) => [stream, journal.head(stream)?.epoch]));
    expect(positions.map(({ epoch }) => epoch)).toEqual(streams.map((stream) => epochs.get(stream) ?? ''));
    expect((await appended).last.get('alice/usdm')).toBe(`${epochs.get('alice/usdm')}:1`);
    expect([...(await later).last.values()]).toEqual([`${epochs.get('carol/usdm')}:1`, `${epochs.get('bob/usdm')}:1`]);
    await journal.close();
    expect(await faultOf(journal.begin('dave/usdm'))).toBe('closed');
  });

  test(named('reads no more bytes than it may, and at least one event'), async () => {
    const journal = await makeJournal().open();
    const body = (letters: string) => `{"e":"x","n":"${letters}"}`;
    const bodies = ['é'.repeat(40), 'b', 'c'.repeat(500), 'd', 'e'.repeat(30)].map(body);
    for (const text of bodies) await journal.append([{ stream: 'alice/usdm', type: 'x', body: text }]);
    const bytes = bodies.map((text) => Buffer.byteLength(text));
    const read = async (from: number, bytesMax: number) =>
      (await journal.read('alice/usdm', from, 10, bytesMax))?.records.map(({ sequence }) => sequence);
    const sum = (count: number) => bytes.slice(0, count).reduce((left, right) => left + right, 0);
    expect(await read(1, sum(2))).toEqual([1, 2]);
    expect(await read(1, sum(2) - 1)).toEqual([1]);
    expect(await read(1, 0)).toEqual([1]);
    expect(await read(3, 1)).toEqual([3]);
    expect(await read(1, sum(5))).toEqual([1, 2, 3, 4, 5]);
    expect(await read(1, sum(5) - 1)).toEqual([1, 2, 3, 4]);
    expect((await journal.read('alice/usdm', 1, 3, sum(5)))?.records.length).toBe(3);
    await journal.close();
  });

  test(named('the head moves in the turn in which the listener is called, never before'), async () => {
    const journal = await makeJournal().open();
    let heard = 0;
    journal.onCommitted((records) => {
      expect(journal.head('alice/usdm')?.sequence).toBe(records.at(-1)?.sequence);
      heard = records.at(-1)?.sequence ?? 0;
    });
    let appending = true;
    let looks = 0;
    const look = () => {
      expect(journal.head('alice/usdm')?.sequence ?? 0).toBe(heard);
      looks += 1;
      if (!appending) return;
      queueMicrotask(() => expect(journal.head('alice/usdm')?.sequence ?? 0).toBe(heard));
      setImmediate(look);
    };
    look();
    for (let i = 1; i <= 50; i += 1) {
      await journal.append([event('alice/usdm', String(i)), event('alice/usdm', 'more')]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    appending = false;
    expect({ heard, looked: looks > 10 }).toEqual({ heard: 100, looked: true });
    await journal.close();
  });

  test(named('a loop of reads starves nobody'), async () => {
    const journal = await makeJournal().open();
    await journal.append([event('alice/usdm', '1')]);
    let turns = 0;
    let reading = true;
    const turn = () => {
      turns += 1;
      if (reading) setImmediate(turn);
    };
    turn();
    for (let i = 0; i < 100; i += 1) await journal.read('alice/usdm', 1, 1);
    reading = false;
    expect(turns).toBeGreaterThan(50);
    await journal.close();
  });

  test(named('hands the listener every record in order, before the append is answered'), async () => {
    const journal = await makeJournal().open();
    const seen: JournalRecord[] = [];
    journal.onCommitted((records) => seen.push(...records));
    const body = JSON.stringify({ e: 'x', text: 'the same string' });
    const appends = [];
    for (let i = 1; i <= 50; i += 1) {
      appends.push(
        journal.append([{ stream: `s/${i % 3}`, type: 'x', body }]).then((result) => {
          expect(seen.length).toBeGreaterThanOrEqual(i);
          return result;
        }),
      );
    }
    await Promise.all(appends);
    expect(seen.map((record) => record.stream)).toEqual(Array.from({ length: 50 }, (_, i) => `s/${(i + 1) % 3}`));
    for (const stream of ['s/0', 's/1', 's/2']) {
      const own = seen.filter((record) => record.stream === stream).map((record) => record.sequence);
      expect(own).toEqual(own.map((_, i) => i + 1));
    }
    expect(seen.every((record) => record.body === body)).toBe(true);
    await journal.close();
  });

  test(named('reads what was appended, letter for letter, from any sequence and by any limit'), async () => {
    const journal = await makeJournal().open();
    const bodies = Array.from(
      { length: 40 },
      (_, i) => `{"e":"x","i":${i},"text":"é 漢 🦊 \\u0000 ${'y'.repeat(i * 7)}"}`,
    );
    for (const [i, body] of bodies.entries()) {
      await journal.append([{ stream: 'alice/usdm', type: 'x', body }, event('bob/usdm', String(i))]);
    }
    const all = await journal.read('alice/usdm', 1, 1000);
    expect(all?.records.map((record) => record.body)).toEqual(bodies);
    expect(all?.records.map((record) => record.type)).toEqual(bodies.map(() => 'x'));
    expect({ first: all?.first, last: all?.last }).toEqual({ first: 1, last: 40 });
    const some = await journal.read('alice/usdm', 10, 5);
    expect(some?.records.map((record) => record.sequence)).toEqual([10, 11, 12, 13, 14]);
    expect((await journal.read('alice/usdm', -3, 2))?.records.map((record) => record.sequence)).toEqual([1, 2]);
    expect((await journal.read('alice/usdm', 41, 5))?.records).toEqual([]);
    expect((await journal.read('alice/usdm', 1, 0))?.records).toEqual([]);
    await journal.close();
  });

  test(named('answers a repeated Idempotency-Key with the first answer and appends nothing'), async () => {
    const journal = await makeJournal().open();
    const receipt = { kind: 'key', key: 'k1' } as const;
    const first = await journal.append([event('alice/usdm', '1'), event('bob/pm', '1')], receipt);
    await journal.append([event('alice/usdm', '2')]);
    const second = await journal.append([event('alice/usdm', 'again')], receipt);
    expect(first.repeated).toBe(false);
    expect(second).toEqual({ ...first, repeated: true });
    expect(journal.head('alice/usdm')?.sequence).toBe(2);
    await journal.close();
  });

  test(named('an Idempotency-Key that is still being written gives the second caller the first answer'), async () => {
    const journal = await makeJournal().open();
    const receipt = { kind: 'key', key: 'k1' } as const;
    const both = [
      journal.append([event('alice/usdm', '1')], receipt),
      journal.append([event('alice/usdm', '1')], receipt),
    ];
    const [first, second] = await Promise.all(both);
    expect(second).toEqual({ ...(first as NonNullable<typeof first>), repeated: true });
    expect(journal.head('alice/usdm')?.sequence).toBe(1);
    await journal.close();
  });

  test(named('forgets an Idempotency-Key only after IDEMPOTENCY_KEYS_MAX later ones'), async () => {
    const journal = await makeJournal().open();
    const key = (i: number) => ({ kind: 'key', key: `k${i}` }) as const;
    await journal.append([event('alice/usdm', 'first')], key(0));
    const later = [];
    for (let i = 1; i < IDEMPOTENCY_KEYS_MAX; i += 1) later.push(journal.append([], key(i)));
    await Promise.all(later);
    expect((await journal.append([], key(0))).repeated).toBe(true);
    await journal.append([], key(IDEMPOTENCY_KEYS_MAX));
    expect((await journal.append([], key(0))).repeated).toBe(false);
    await journal.close();
  });

  test(named("keeps a producer's highest n"), async () => {
    const journal = await makeJournal().open();
    expect(journal.producerMark('p')).toBe(0);
    await journal.append([event('alice/usdm', '1')], { kind: 'producer', producer: 'p', n: 7 });
    await journal.append([], { kind: 'producer', producer: 'p', n: 5 });
    expect(journal.producerMark('p')).toBe(7);
    await journal.close();
  });

  test(named('refuses a new producer beyond PRODUCERS_MAX and goes on with the known ones'), async () => {
    const journal = await makeJournal().open();
    const marks = [];
    for (let i = 0; i < PRODUCERS_MAX; i += 1) {
      marks.push(journal.append([], { kind: 'producer', producer: `p${i}`, n: 1 }));
    }
    await Promise.all(marks);
    const refused = journal.append([event('alice/usdm', '1')], { kind: 'producer', producer: 'one more', n: 1 });
    expect(await faultOf(refused)).toBe('overloaded');
    await journal.append([event('alice/usdm', '1')], { kind: 'producer', producer: 'p0', n: 2 });
    expect(journal.head('alice/usdm')?.sequence).toBe(1);
    await journal.close();
  });

  test(named('refuses what would wait beyond pendingBytesMax, and takes it later'), async () => {
    const journal = await makeJournal().open({ pendingBytesMax: 10_000 });
    const outcomes = [];
    for (let i = 0; i < 30; i += 1) outcomes.push(faultOf(journal.append([event('alice/usdm', 'x'.repeat(1000))])));
    const faults = await Promise.all(outcomes);
    const taken = faults.filter((fault) => fault === undefined).length;
    expect(taken).toBeGreaterThan(3);
    expect(taken).toBeLessThan(12);
    expect(faults.slice(taken).every((fault) => fault === 'overloaded')).toBe(true);
    const { last } = await journal.append([event('alice/usdm', 'later')]);
    expect(sequences(last)).toEqual([taken + 1]);
    await journal.close();
  });

  test(named('an append of nothing stores nothing'), async () => {
    const journal = await makeJournal().open();
    expect(await journal.append([])).toEqual({ accepted: 0, last: new Map(), repeated: false });
    await journal.close();
  });

  test(named('close commits what was appended; later appends are refused'), async () => {
    const journal = await makeJournal().open();
    const pending = journal.append([event('alice/usdm', '1')]);
    await journal.close();
    expect((await pending).accepted).toBe(1);
    expect(await faultOf(journal.append([event('alice/usdm', '2')]))).toBe('closed');
  });

  test(named('retention by bytes drops the oldest and keeps epoch and numbers'), async () => {
    const journal = await makeJournal().open({ retention: { bytes: 40_000 }, segmentBytes: 8_000 });
    const { last } = await journal.append([event('quiet/usdm', '1')]);
    for (let i = 0; i < 200; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(800))]);
    await journal.retain();
    const slice = await journal.read('alice/usdm', 1, 1000);
    expect(slice?.last).toBe(200);
    expect(slice?.first).toBeGreaterThan(100);
    expect(slice?.records.map((record) => record.sequence)).toEqual(
      Array.from({ length: 201 - (slice?.first ?? 0) }, (_, i) => (slice?.first ?? 0) + i),
    );
    const quiet = await journal.read('quiet/usdm', 1, 10);
    expect(quiet).toMatchObject({ records: [], first: 2, last: 1 });
    const next = await journal.append([event('quiet/usdm', '2')]);
    expect(next.last.get('quiet/usdm')).toBe(last.get('quiet/usdm')?.replace(/:1$/, ':2') as string);
    await journal.close();
  });

  test(named('retention leaves a stream that was begun its epoch'), async () => {
    const journal = await makeJournal().open({ retention: { bytes: 40_000 }, segmentBytes: 8_000 });
    const begun = await journal.begin('quiet/usdm');
    for (let i = 0; i < 200; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(800))]);
    await journal.retain();
    expect(journal.head('quiet/usdm')).toEqual(begun);
    expect(await journal.read('quiet/usdm', 1, 10)).toMatchObject({ records: [], first: 1, last: 0 });
    const { last } = await journal.append([event('quiet/usdm', '1')]);
    expect(last.get('quiet/usdm')).toBe(`${begun.epoch}:1`);
    await journal.close();
  });

  test(named('retention by age drops what is old and nothing else'), async () => {
    let nowMs = 1_000_000;
    const journal = await makeJournal().open({ retention: { ageMs: 60_000 }, nowMs: () => nowMs });
    await journal.append([event('alice/usdm', 'old')]);
    nowMs += 30_000;
    await journal.retain();
    await journal.append([event('alice/usdm', 'young')]);
    nowMs += 40_000;
    await journal.retain();
    const slice = await journal.read('alice/usdm', 1, 10);
    expect(slice).toMatchObject({ first: 2, last: 2 });
    expect(slice?.records.length).toBe(1);
    nowMs += 70_000;
    await journal.retain();
    expect(await journal.read('alice/usdm', 1, 10)).toMatchObject({ first: 3, last: 2, records: [] });
    await journal.close();
  });

  const lasting = makeJournal();
  if (lasting.reopen === undefined) return;

  test(named('events, epochs, numbers and receipts outlive the process'), async () => {
    const place = makeJournal();
    const journal = await place.open();
    const key = { kind: 'key', key: 'k' } as const;
    const first = await journal.append([event('alice/usdm', '1'), event('bob/pm', '1')], key);
    await journal.append([event('alice/usdm', '2')], { kind: 'producer', producer: 'p', n: 9 });
    const before = await journal.read('alice/usdm', 1, 10);
    await journal.close();
    const again = (await place.reopen?.()) as Journal;
    expect(await again.read('alice/usdm', 1, 10)).toEqual(before);
    expect(again.producerMark('p')).toBe(9);
    expect(await again.append([event('alice/usdm', 'again')], key)).toEqual({ ...first, repeated: true });
    const next = await again.append([event('alice/usdm', '3')]);
    expect(next.last.get('alice/usdm')).toBe(first.last.get('alice/usdm')?.replace(/:1$/, ':3') as string);
    await again.close();
  });

  test(named('an epoch that was told outlives the process, again and again, and so do events on it'), async () => {
    const place = makeJournal();
    const journal = await place.open();
    await journal.append([event('alice/usdm', '1')]);
    const begun = await journal.begin('quiet/usdm');
    await journal.append([event('bob/usdm', '1')]);
    await journal.begin('late/usdm');
    await journal.close();
    const second = (await place.reopen?.()) as Journal;
    expect(second.head('quiet/usdm')).toEqual(begun);
    expect(await second.begin('quiet/usdm')).toEqual(begun);
    expect(await second.read('bob/usdm', 1, 10)).toMatchObject({ first: 1, last: 1 });
    const { last } = await second.append([event('quiet/usdm', '1'), event('quiet/usdm', '2')]);
    expect(last.get('quiet/usdm')).toBe(`${begun.epoch}:2`);
    await second.close();
    const third = (await place.reopen?.()) as Journal;
    expect(third.head('quiet/usdm')).toEqual({ epoch: begun.epoch, sequence: 2 });
    expect(await third.read('quiet/usdm', 1, 10)).toMatchObject({ first: 1, last: 2, epoch: begun.epoch });
    expect(third.head('late/usdm')?.sequence).toBe(0);
    await third.close();
  });

  test(named('epochs, numbers and receipts outlive retention and the process'), async () => {
    const place = makeJournal();
    const options = { retention: { bytes: 20_000 }, segmentBytes: 4_000 };
    const journal = await place.open(options);
    const key = { kind: 'key', key: 'k' } as const;
    const first = await journal.append([event('quiet/usdm', '1'), event('bob/pm', '1')], key);
    const begun = await journal.begin('silent/usdm');
    await journal.append([], { kind: 'producer', producer: 'p', n: 9 });
    for (let i = 0; i < 60; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(800))]);
    await journal.retain();
    await journal.append([event('alice/usdm', 'after the checkpoint')]);
    await journal.close();
    const again = (await place.reopen?.(options)) as Journal;
    expect(again.head('quiet/usdm')).toEqual(parsePosition(first.last.get('quiet/usdm') as string));
    expect(await again.read('quiet/usdm', 1, 10)).toMatchObject({ records: [], first: 2, last: 1 });
    expect(again.head('alice/usdm')?.sequence).toBe(61);
    expect(again.head('silent/usdm')).toEqual(begun);
    expect(again.producerMark('p')).toBe(9);
    expect(await again.append([], key)).toEqual({ ...first, repeated: true });
    await again.close();
  });
}

function sequences(last: ReadonlyMap<string, string>): (number | undefined)[] {
  return [...last.values()].map((text) => parsePosition(text)?.sequence);
}

/** Undefined when it resolved. */
export async function faultOf(append: Promise<unknown>): Promise<string | undefined> {
  try {
    await append;
    return undefined;
  } catch (error) {
    if (error instanceof JournalError) return error.fault;
    throw error;
  }
}

/** What it was rejected with; empty when it resolved. */
export async function messageOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
