import { describe, expect, test } from 'bun:test';
import type { Feed, FeedEvent, Join } from '../feed/feed.ts';
import { ManualClock } from '../testing/manual-doors.ts';
import { ScopeMerge } from './scope-merge.ts';

const START = new ManualClock().now();

const feed = (): Feed => ({
  deadline: undefined,
  waitingSince: undefined,
  prove: () => undefined,
  close: () => undefined,
});

const at = (ms: number, position?: string, recovered?: boolean): Join => ({
  at: START + ms,
  position,
  recovered,
  missed: recovered === false ? { from: 'e:1', to: position as string } : undefined,
});

function merging({ from = {}, deduplicate = true, heldBytesMax = 1000 } = {}) {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const merge: ScopeMerge = new ScopeMerge(
    {
      scope: 'usdm',
      clock,
      identityWindowMs: 60_000,
      identityOf: deduplicate ? ({ e }) => e : undefined,
      heldBytesMax,
      event: ({ event }) => told.push(event.e),
      gap: ({ from: gapFrom, to, missed, reason }) => told.push({ gap: [gapFrom - START, to - START], missed, reason }),
      begun: () => told.push('begun'),
      broken: (brokenFeed, reason) => {
        told.push({ broken: reason });
        merge.lost(brokenFeed, reason);
      },
    },
    from,
  );
  const event = (e: string, position?: string): FeedEvent => ({ event: { e }, position, bytes: 100 });
  return { merge, told, clock, event };
}

describe('where time tells', () => {
  test('the first feed begins the stream', () => {
    const { merge, told, event } = merging();
    const one = feed();
    expect(merge.whole).toBe(false);
    merge.joined(one, at(0));
    merge.event(one, event('a'));
    expect(told).toEqual(['begun', 'a']);
    expect(merge.whole).toBe(true);
  });

  test('a feed that follows a lost one leaves a gap from the last proof to the join', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.event(one, event('a'));
    merge.proved(one, START + 700);
    merge.lost(one, 'cut');
    expect(merge.whole).toBe(false);
    merge.joined(two, at(1500));
    merge.event(two, event('b'));
    expect(told).toEqual(['begun', 'a', { gap: [700, 1500], missed: undefined, reason: 'cut' }, 'b']);
  });

  test('a feed that joined beside another is held until that is proven beyond the join, and no gap is told', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.joined(two, at(1000));
    merge.event(two, event('b'));
    merge.event(one, event('a'));
    merge.proved(one, START + 999);
    expect(merge.covers(two)).toBe(false);
    merge.proved(one, START + 1000);
    expect(merge.covers(two)).toBe(true);
    merge.event(one, event('b'));
    merge.lost(one, 'handed over');
    merge.event(two, event('c'));
    expect(told).toEqual(['begun', 'a', 'b', 'c']);
  });

  test('a feed that is held when the other is lost unproven tells the gap before its events', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.proved(one, START + 400);
    merge.joined(two, at(1000));
    merge.event(two, event('b'));
    merge.event(one, event('a'));
    merge.lost(one, 'cut');
    expect(told).toEqual(['begun', 'a', { gap: [400, 1000], missed: undefined, reason: 'cut' }, 'b']);
  });

  test('what two feeds bring comes once, in the order of the venue', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.joined(two, at(0));
    told.length = 0;
    for (const [from, e] of [
      [two, 'a'],
      [two, 'b'],
      [one, 'a'],
      [one, 'b'],
      [one, 'c'],
      [two, 'c'],
      [two, 'd'],
    ] as const) {
      merge.event(from, event(e));
    }
    expect(told).toEqual(['a', 'b', 'c', 'd']);
  });

  test('an equal event a minute later is another one', async () => {
    const { merge, told, event, clock } = merging();
    const one = feed();
    merge.joined(one, at(0));
    merge.event(one, event('a'));
    await clock.advance(60_000);
    merge.event(one, event('a'));
    await clock.advance(1);
    merge.event(one, event('b'));
    await clock.advance(60_001);
    merge.event(one, event('a'));
    expect(told).toEqual(['begun', 'a', 'b', 'a']);
  });

  test('without identities duplicates pass', () => {
    const { merge, told, event } = merging({ deduplicate: false });
    const one = feed();
    merge.joined(one, at(0));
    for (let n = 0; n < 2; n++) merge.event(one, event('a'));
    expect(told).toEqual(['begun', 'a', 'a']);
  });

  test('where an earlier run stopped, a gap stands before the first event', () => {
    const { merge, told, event } = merging({ from: { at: START - 5000 } });
    const one = feed();
    merge.joined(one, at(0));
    merge.event(one, event('a'));
    expect(told).toEqual([{ gap: [-5000, 0], missed: undefined, reason: 'the stream was not read' }, 'a']);
  });

  test('a distrusted silence widens the gap to where the last event can have been sent', async () => {
    const { merge, told, event, clock } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.proved(one, START + 200);
    await clock.advance(300);
    merge.event(one, event('a'));
    merge.proved(one, START + 9000);
    merge.distrust();
    merge.lost(one, 'silent');
    merge.joined(two, at(10_000));
    expect(told).toEqual(['begun', 'a', { gap: [200, 10_000], missed: undefined, reason: 'silent' }]);
  });

  test('what a feed holds from before the end of a gap is left out: it would come behind later events', () => {
    const { merge, told, event } = merging();
    const [one, two, three] = [feed(), feed(), feed()];
    merge.joined(one, at(0));
    merge.lost(one, 'cut');
    merge.joined(two, at(1000));
    merge.joined(three, at(1040));
    for (const e of ['before', 'b', 'c']) merge.event(three, event(e));
    for (const e of ['b', 'c']) merge.event(two, event(e));
    merge.proved(two, START + 1100);
    expect(told).toEqual(['begun', { gap: [0, 1000], missed: undefined, reason: 'cut' }, 'b', 'c']);
  });

  test('a feed that brings more than can be held is broken', () => {
    const { merge, told, event } = merging({ heldBytesMax: 250 });
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0));
    merge.joined(two, at(1000));
    for (const e of ['a', 'b', 'c']) merge.event(two, event(e));
    expect(told).toEqual(['begun', { broken: 'more came than can be held' }]);
  });

  test('a feed that has not joined, or was lost, brings nothing', () => {
    const { merge, told, event } = merging();
    const one = feed();
    merge.event(one, event('a'));
    merge.joined(one, at(0));
    merge.lost(one, 'cut');
    merge.event(one, event('b'));
    expect(told).toEqual(['begun']);
  });
});

describe('where positions tell', () => {
  test('a feed that resumed leaves no gap and repeats nothing', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0, 'e:4'));
    merge.event(one, event('five', 'e:5'));
    merge.lost(one, 'cut');
    merge.joined(two, at(60_000, 'e:5', true));
    merge.event(two, event('six', 'e:6'));
    expect(told).toEqual(['begun', 'five', 'six']);
    expect(merge.position).toEqual({ epoch: 'e', sequence: 6 });
  });

  test('a feed that could not resume tells what was missed', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0, 'e:1'));
    merge.lost(one, 'cut');
    merge.joined(two, at(60_000, 'e:9', false));
    merge.event(two, event('ten', 'e:10'));
    expect(told).toEqual(['begun', { gap: [0, 60_000], missed: { from: 'e:1', to: 'e:9' }, reason: 'cut' }, 'ten']);
  });

  test('what two feeds bring comes once; the slower one is no fault', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0, 'e:0'));
    merge.event(one, event('1', 'e:1'));
    merge.joined(two, at(10, 'e:1', true));
    for (const [from, n] of [
      [two, 2],
      [two, 3],
      [one, 2],
      [one, 3],
      [one, 4],
      [two, 4],
    ] as const) {
      merge.event(from, event(String(n), `e:${n}`));
    }
    expect(told).toEqual(['begun', '1', '2', '3', '4']);
  });

  test.each([
    ['a left-out event', 'e:3'],
    ['another epoch', 'f:2'],
  ])('%s breaks the feed before anything behind it is given out', (_, position) => {
    const { merge, told, event } = merging();
    const one = feed();
    merge.joined(one, at(0, 'e:1'));
    merge.event(one, event('x', position));
    expect(told).toEqual(['begun', { broken: `the venue left out what comes before ${position}` }]);
  });

  test('a feed that joined ahead is held until the stream has come as far', () => {
    const { merge, told, event } = merging();
    const [one, two] = [feed(), feed()];
    merge.joined(one, at(0, 'e:0'));
    merge.joined(two, at(10, 'e:2', false));
    merge.event(two, event('3', 'e:3'));
    merge.event(one, event('1', 'e:1'));
    expect(merge.covers(two)).toBe(false);
    merge.event(one, event('2', 'e:2'));
    expect(merge.covers(two)).toBe(true);
    merge.event(one, event('3', 'e:3'));
    expect(told).toEqual(['begun', '1', '2', '3']);
  });

  test('a feed that backfills proves nothing until it has brought everything: an answer may overtake it', () => {
    for (const [brought, from] of [
      [7, -1000],
      [8, 60_500],
    ] as const) {
      const { merge, told, event } = merging({ from: { position: { epoch: 'e', sequence: 5 }, at: START - 1000 } });
      const [one, two] = [feed(), feed()];
      merge.joined(one, at(60_000, 'e:8', true));
      merge.proved(one, START + 60_500);
      for (let n = 6; n <= brought; n++) merge.event(one, event(String(n), `e:${n}`));
      merge.lost(one, 'cut');
      merge.joined(two, at(70_000, 'f:0', false));
      expect(told.at(-1)).toMatchObject({ gap: [from, 70_000] });
    }
  });

  test('a feed that left out what it held proves nothing of what lies behind', () => {
    const { merge, told, event } = merging();
    const [one, two, three] = [feed(), feed(), feed()];
    merge.joined(one, at(0, 'e:0'));
    merge.joined(two, at(10, 'e:2', false));
    merge.event(two, event('4', 'e:4'));
    merge.proved(two, START + 900);
    merge.event(one, event('1', 'e:1'));
    merge.event(one, event('2', 'e:2'));
    expect(told.at(-1)).toEqual({ broken: 'the venue left out what comes before e:4' });
    merge.lost(one, 'cut');
    merge.joined(three, at(2000, 'f:0', false));
    expect(told.at(-1)).toMatchObject({ gap: [0, 2000] });
  });

  test('where an earlier run stopped, a feed that resumes begins, however well it is known when that was', () => {
    const { merge, told } = merging({ from: { position: { epoch: 'e', sequence: 7 }, at: START - 1000 } });
    merge.joined(feed(), at(0, 'e:7', true));
    expect(told).toEqual(['begun']);
  });

  test('where an earlier run stopped, a feed that resumes goes on there', () => {
    const { merge, told, event } = merging({ from: { position: { epoch: 'e', sequence: 7 } } });
    const one = feed();
    merge.joined(one, at(0, 'e:7', true));
    merge.event(one, event('8', 'e:8'));
    expect(told).toEqual(['begun', '8']);
  });
});
