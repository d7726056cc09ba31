/** The machine behind `resume`, on a journal whose reads take as long as a test wants. */
import { describe, expect, test } from 'bun:test';
import { type Position, printPosition } from '@listenpost/protocol';
import { JournalError } from '../journal.ts';
import { MapJournal, type TestHouse, testHouse } from '../testing/memory-doors.ts';
import { type SeededRandom, seededRandom } from '../testing/seeded-random.ts';
import { type Outbox, Resume, type ResumeFrom, type ResumeVerdict } from './resume.ts';
import type { Subscription } from './subscription.ts';

const STREAM = 'alice/usdm';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** A reader of one stream, and its peer. */
class Reader implements Subscription, Outbox {
  readonly stream: string;
  readonly product = 'usdm';
  readonly grantName = 'a key';
  readonly resume: Resume;
  readonly got: number[] = [];
  readonly house: TestHouse['house'];
  ended: string | undefined;
  verdict: ResumeVerdict | undefined;
  /** Whether the peer reads. */
  reading = true;
  #wake: (() => void)[] = [];

  constructor({ house }: TestHouse, stream = STREAM) {
    this.house = house;
    this.stream = stream;
    this.resume = new Resume(house, this, this);
  }

  async open(from: ResumeFrom): Promise<void> {
    this.verdict = await this.resume.judge(from);
    this.resume.start();
  }

  deliver(_type: string, _body: string, sequence = 0): void {
    if (this.resume.follows(sequence)) this.got.push(sequence);
  }

  get hasRoom(): boolean {
    return this.reading;
  }

  room(): Promise<void> {
    if (this.reading || this.ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  together(act: () => void): void {
    act();
  }

  reads(reading: boolean): void {
    this.reading = reading;
    if (reading) for (const wake of this.#wake.splice(0)) wake();
  }

  end(name: string): void {
    this.ended ??= name;
    this.leave();
  }

  leave(): void {
    this.resume.stop();
    this.house.router.detach(this);
    for (const wake of this.#wake.splice(0)) wake();
  }

  grantEnded(): void {
    this.leave();
  }
}

interface Room extends TestHouse {
  readonly journal: MapJournal;
}

function roomOf(): Room {
  const journal = new MapJournal();
  return { ...testHouse({ doors: { journal } }), journal };
}

function publish({ journal, reports }: Room, count: number, bytes = 20): void {
  const body = `{"e":"X","x":"${'x'.repeat(bytes)}"}`;
  const events = Array.from({ length: count }, () => ({ stream: STREAM, type: 'X', body }));
  journal.append(events).catch((cause: unknown) => reports.push(cause));
}

const at = (sequence: number, epoch = 'e1'): Position => ({ epoch, sequence });
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

async function opened(room: Room, from: ResumeFrom): Promise<Reader> {
  const reader = new Reader(room);
  await reader.open(from);
  return reader;
}

/** Whose peer stopped reading when it had the first batch of 256. */
async function openedTo256(room: Room): Promise<Reader> {
  const reader = new Reader(room);
  const { resume } = reader;
  const follows = resume.follows.bind(resume);
  resume.follows = (sequence) => {
    if (sequence === 256) reader.reads(false);
    return follows(sequence);
  };
  await reader.open(at(0));
  await settled();
  return reader;
}

describe('the verdict', () => {
  test('on latest is the head, and what comes after it follows', async () => {
    const room = roomOf();
    publish(room, 3);
    const reader = await opened(room, 'latest');
    expect(reader.verdict).toEqual({ position: 'e1:3' });
    publish(room, 2);
    await settled();
    expect(reader.got).toEqual([4, 5]);
  });

  test('on latest of a stream that never had an event is its beginning, and stays true', async () => {
    const room = roomOf();
    const reader = await opened(room, 'latest');
    expect(reader.verdict).toEqual({ position: 'e1:0' });
    publish(room, 2);
    const again = await opened(room, at(0));
    await settled();
    expect(again.verdict).toEqual({ position: 'e1:0', recovered: true });
    expect([reader.got, again.got]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test('on a position that is held is that position, and everything behind it follows', async () => {
    const room = roomOf();
    publish(room, 1000);
    const reader = await opened(room, at(300));
    expect(reader.verdict).toEqual({ position: 'e1:300', recovered: true });
    await settled();
    publish(room, 3);
    await settled();
    expect(reader.got).toEqual(range(301, 1003));
  });

  test('on the head itself is recovered, with nothing to replay, though all events are gone', async () => {
    const room = roomOf();
    publish(room, 5);
    room.journal.drop(STREAM, 5);
    const reader = await opened(room, at(5));
    expect(reader.verdict).toEqual({ position: 'e1:5', recovered: true });
    publish(room, 1);
    await settled();
    expect(reader.got).toEqual([6]);
  });

  test.each<[string, Position]>([
    ['older than retention', at(3)],
    ['past the head', at(11)],
    ['far past the head', at(Number.MAX_SAFE_INTEGER)],
    ['of another epoch', at(7, 'e2')],
  ])('on a position %s names what was missed; nothing is replayed, and it goes on live', async (_what, position) => {
    const room = roomOf();
    publish(room, 10);
    room.journal.drop(STREAM, 4);
    const reader = await opened(room, position);
    const missed = { from: printPosition(position), to: 'e1:10' };
    expect(reader.verdict).toEqual({ position: 'e1:10', recovered: false, missed });
    publish(room, 2);
    await settled();
    expect(reader.got).toEqual([11, 12]);
    expect(room.reports).toEqual([]);
  });

  test('on the oldest position that still misses nothing is recovered', async () => {
    const room = roomOf();
    publish(room, 10);
    room.journal.drop(STREAM, 4);
    const reader = await opened(room, at(4));
    await settled();
    expect(reader.verdict).toEqual({ position: 'e1:4', recovered: true });
    expect(reader.got).toEqual(range(5, 10));
  });

  test('on events that fail their checksum is that they were missed, and the operator is told', async () => {
    const room = roomOf();
    publish(room, 10);
    const damage = new JournalError('corrupt', 'byte 7 of a segment is not as it was written');
    room.journal.pause = () => Promise.reject(damage);
    const reader = await opened(room, at(2));
    expect(reader.verdict).toEqual({ position: 'e1:10', recovered: false, missed: { from: 'e1:2', to: 'e1:10' } });
    publish(room, 1);
    await settled();
    expect(reader.got).toEqual([11]);
    expect(room.reports).toEqual([damage]);
  });

  test('is not given when the journal cannot be read', async () => {
    const room = roomOf();
    publish(room, 10);
    const failure = new JournalError('failed', 'no disk');
    room.journal.pause = () => Promise.reject(failure);
    expect(await opened(room, at(2)).catch((cause: unknown) => cause)).toBe(failure);
  });

  test('asked for again tells where it stands, and replays nothing', async () => {
    const room = roomOf();
    publish(room, 5);
    const reader = await opened(room, at(2));
    await settled();
    expect(await reader.resume.judge(at(1))).toEqual({ position: 'e1:5' });
    expect(await reader.resume.judge('latest')).toEqual({ position: 'e1:5' });
    publish(room, 1);
    await settled();
    expect(reader.got).toEqual([3, 4, 5, 6]);
  });
});

describe('a backfill', () => {
  test('reads at most 256 events and 64 KiB in one turn, and a larger event alone', async () => {
    const room = roomOf();
    const asked: number[] = [];
    room.journal.pause = (_stream, from) => {
      if (asked.at(-1) !== from) asked.push(from);
      return Promise.resolve();
    };
    publish(room, 600, 10);
    publish(room, 4, 30_000);
    publish(room, 2, 65_536);
    const reader = await opened(room, at(0));
    await settled();
    await settled();
    expect(reader.got).toEqual(range(1, 606));
    expect(asked).toEqual([1, 257, 513, 603, 605, 606]);
  });

  test('keeps no live event beside it: what is published meanwhile is read in its place', async () => {
    const room = roomOf();
    publish(room, 600);
    const reader = await opened(room, at(0));
    room.journal.pause = () => {
      if ((room.journal.head(STREAM)?.sequence ?? 0) < 700) publish(room, 10);
      return Promise.resolve();
    };
    await settled();
    await settled();
    expect(reader.got).toEqual(range(1, room.journal.head(STREAM)?.sequence ?? 0));
    expect(room.house.router.deliveries).toBe(0);
  });

  test('waits while the peer does not read, and holds no turn meanwhile', async () => {
    const room = roomOf();
    publish(room, 600);
    const slow = [1, 2, 3].map(() => new Reader(room));
    for (const reader of slow) {
      reader.reads(false);
      await reader.open(at(0));
    }
    const quick = await opened(room, at(0));
    await settled();
    expect(quick.got).toEqual(range(1, 600));
    expect(slow.map(({ got }) => got)).toEqual([[], [], []]);
    expect(room.house.readingDesk.waiting).toBe(0);
    for (const reader of slow) reader.reads(true);
    await settled();
    for (const reader of slow) expect(reader.got).toEqual(range(1, 600));
  });

  test('that finds no room when its first batch is there keeps nothing in memory, and reads it again', async () => {
    const room = roomOf();
    publish(room, 10);
    const reader = new Reader(room);
    reader.reads(false);
    await reader.open(at(4));
    await settled();
    expect(reader.got).toEqual([]);
    reader.reads(true);
    await settled();
    expect(reader.got).toEqual(range(5, 10));
  });

  test('that retention overtakes ends its connection as a slow consumer', async () => {
    const room = roomOf();
    publish(room, 600);
    const reader = await openedTo256(room);
    reader.reads(false);
    room.journal.drop(STREAM, 257);
    reader.reads(true);
    await settled();
    expect(reader).toMatchObject({ ended: 'slowConsumer', got: range(1, 256) });
    expect(room.reports).toEqual([]);
  });

  test('whose later read fails ends its connection as an internal error, and the operator is told', async () => {
    const room = roomOf();
    publish(room, 600);
    const reader = await openedTo256(room);
    const failure = new JournalError('corrupt', 'byte 9 of a segment is not as it was written');
    room.journal.pause = () => Promise.reject(failure);
    reader.reads(true);
    await settled();
    expect(reader).toMatchObject({ ended: 'internalError', got: range(1, 256) });
    expect(room.reports).toEqual([failure]);
  });

  test('whose turn comes when there is no room any more reads nothing, and stands in line again later', async () => {
    const room = roomOf();
    publish(room, 600);
    const reader = await openedTo256(room);
    const answers: (() => void)[] = [];
    room.journal.pause = () => new Promise((resolve) => answers.push(resolve));
    const others = [at(599), at(599)].map((from) => new Reader(room).open(from));
    reader.reads(true);
    await settled();
    expect(room.house.readingDesk.waiting).toBe(1);
    reader.reads(false);
    const read: number[] = [];
    room.journal.pause = (_stream, from) => {
      read.push(from);
      return Promise.resolve();
    };
    for (const answer of answers) answer();
    await Promise.all(others);
    await settled();
    expect({ read: read.filter((from) => from < 600), got: reader.got.length }).toEqual({ read: [], got: 256 });
    reader.reads(true);
    await settled();
    expect(reader.got).toEqual(range(1, 600));
  });

  test('that retention overtakes when nobody reads it any more ends nothing', async () => {
    const room = roomOf();
    publish(room, 600);
    let answer: () => void = () => undefined;
    const reader = await openedTo256(room);
    room.journal.pause = () => new Promise((resolve) => (answer = resolve));
    reader.reads(true);
    await settled();
    reader.leave();
    room.journal.pause = () => Promise.resolve();
    room.journal.drop(STREAM, 400);
    answer();
    await settled();
    expect(reader.ended).toBeUndefined();
  });

  test('ends with its subscription: nothing follows, from no batch that was under way', async () => {
    const room = roomOf();
    publish(room, 600);
    let answer: () => void = () => undefined;
    const reader = await openedTo256(room);
    room.journal.pause = () => new Promise((resolve) => (answer = resolve));
    reader.reads(true);
    await settled();
    reader.leave();
    room.journal.pause = () => Promise.resolve();
    answer();
    publish(room, 3);
    await settled();
    expect(reader.got).toEqual(range(1, 256));
    expect(room.reports).toEqual([]);
  });
});

test('a hole in what the router delivers ends the connection instead of being passed on', async () => {
  const room = roomOf();
  publish(room, 2);
  const reader = await opened(room, 'latest');
  await settled();
  for (const sequence of [3, 5]) reader.deliver('X', '{}', sequence);
  expect(reader).toMatchObject({ ended: 'internalError', got: [3] });
  expect(room.reports).toEqual([new Error('alice/usdm goes from 3 to 5')]);
});

/** One history of appends, retention, and readers that come, stall and go, on a disk that answers when it likes. */
class History {
  readonly room = roomOf();
  readonly random: SeededRandom;
  readonly readers: Reader[] = [];
  readonly #opening: Promise<void>[] = [];
  #answers: (() => void)[] = [];
  /** Sequences up to here are dropped. */
  #dropped = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.room.journal.pause = () =>
      this.random.below(3) === 0 ? Promise.resolve() : new Promise((resolve) => this.#answers.push(resolve));
  }

  get head(): number {
    return this.room.journal.head(STREAM)?.sequence ?? 0;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step();
      for (let ticks = this.random.below(6); ticks > 0; ticks--) await Promise.resolve();
    }
    this.room.journal.pause = () => Promise.resolve();
    for (const reader of this.readers) reader.reads(true);
    for (let rounds = 0; rounds < 20; rounds++) {
      for (const answer of this.#answers.splice(0)) answer();
      await settled();
    }
    await Promise.all(this.#opening);
  }

  #step(): void {
    const { random, readers } = this;
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        publish(this.room, 1 + random.below(random.below(10) === 0 ? 400 : 4));
        return;
      case 3:
      case 4:
        this.#answers.splice(random.below(Math.max(1, this.#answers.length)), 1)[0]?.();
        return;
      case 5:
        this.#come();
        return;
      case 6:
        if (readers.length > 0) random.pick(readers).reads(random.below(2) === 0);
        return;
      default:
        this.#drop();
        if (readers.length > 0 && random.below(4) === 0) random.pick(readers).leave();
    }
  }

  #come(): void {
    const { random, room, head } = this;
    const reader = new Reader(room);
    const positions = [at(head), at(random.below(head + 2)), at(random.below(head + 1)), at(0, 'e9')];
    const from = random.below(4) === 0 ? 'latest' : random.pick(positions);
    this.readers.push(reader);
    this.#opening.push(reader.open(from).then(() => this.#checkVerdict(reader, from)));
  }

  /** What may be said of a position: that it was recovered only when nothing behind it was dropped, and the reverse. */
  #checkVerdict(reader: Reader, from: ResumeFrom): void {
    const { verdict } = reader;
    const [epoch, sequence] = (verdict?.position ?? '').split(':');
    expect(epoch).toBe('e1');
    if (from === 'latest') expect(verdict).toEqual({ position: `e1:${sequence}` });
    else if (verdict?.recovered) expect(verdict).toEqual({ position: printPosition(from), recovered: true });
    else {
      const missed = { from: printPosition(from), to: verdict?.position ?? '' };
      expect(verdict).toEqual({ position: missed.to, recovered: false, missed });
      const held = from.epoch === 'e1' && from.sequence >= this.#dropped && from.sequence <= Number(sequence);
      expect(held).toBe(false);
    }
  }

  #drop(): void {
    const count = this.random.below(Math.max(1, this.head - this.#dropped));
    if (this.random.below(3) > 0) return;
    this.room.journal.drop(STREAM, count);
    this.#dropped += count;
  }
}

const SEEDS = 300;

test(`any history gives each reader an unbroken piece, up to the head or to a named end (${SEEDS} seeds)`, async () => {
  let recovered = 0;
  let overtaken = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const history = new History(seed);
    try {
      await history.run(150);
      expect(history.room.reports).toEqual([]);
      for (const { verdict, got, resume, ended } of history.readers) {
        const start = Number(verdict?.position.split(':')[1]);
        expect(got).toEqual(range(start + 1, start + got.length));
        expect([undefined, 'slowConsumer']).toContain(ended as undefined);
        if (!resume.over) expect(start + got.length).toBe(history.head);
        if (verdict?.recovered) recovered++;
        if (ended !== undefined) overtaken++;
      }
    } catch (cause) {
      throw new Error(`seed ${seed} of "any history" fails`, { cause });
    }
  }
  expect(recovered).toBeGreaterThan(SEEDS);
  expect(overtaken).toBeGreaterThan(0);
}, 120_000);
