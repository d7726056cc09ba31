import { describe, expect, test } from 'bun:test';
import { ManualDoors } from '../testing/manual-doors.ts';
import { Budget, budgetOf } from './budget.ts';

describe('a budget', () => {
  test('pauses shortly while the venue may be restarting, then twice as long each time, up to a bound', async () => {
    const doors = new ManualDoors();
    const budget = new Budget(doors);
    const pauses: number[] = [];
    for (let n = 0; n < 37; n++) {
      const pauseMs = budget.failed();
      pauses.push(pauseMs);
      await doors.clock.advance(pauseMs);
    }
    expect(pauses).toEqual([250, 500, ...Array(28).fill(1000), 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    budget.succeeded();
    expect(budget.failed()).toBe(250);
  });

  test('starts over after a success that came in the middle of a long pause', async () => {
    const doors = new ManualDoors();
    const budget = new Budget(doors);
    for (let n = 0; n < 9; n++) await doors.clock.advance(budget.failed());
    budget.failed();
    budget.succeeded();
    const pauses: number[] = [];
    for (let n = 0; n < 4; n++) {
      const pauseMs = budget.failed();
      pauses.push(pauseMs);
      await doors.clock.advance(pauseMs);
    }
    expect(pauses).toEqual([250, 500, 1000, 1000]);
  });

  test('counts failures that come together once: a hundred streams that are cut are one outage', () => {
    const budget = new Budget(new ManualDoors());
    expect(Array.from({ length: 100 }, () => budget.failed())).toEqual(Array(100).fill(250));
  });

  test('jitters each pause, so that what failed together does not come back together', () => {
    const doors = new ManualDoors();
    const draws = [0, 0.25, 0.999];
    const budget = new Budget({ clock: doors.clock, random: { next: () => draws.shift() ?? 0 } });
    expect([budget.failed(), budget.failed(), budget.failed()]).toEqual([200, 225, 300]);
  });

  test('waits for the venue’s own word, and then a little', async () => {
    const doors = new ManualDoors();
    const budget = new Budget(doors);
    const until = doors.clock.now() + 60_000;
    budget.refused(until);
    budget.refused(until - 30_000);
    expect([budget.blockedUntil, budget.failed()]).toEqual([until, 60_250]);
    await doors.clock.advance(60_000);
    expect(budget.blockedUntil).toBe(0);
  });

  test('keeps handshakes under the venue’s limit by making the later ones wait', async () => {
    const doors = new ManualDoors();
    const budget = new Budget(doors);
    const delays = Array.from({ length: 250 }, () => budget.connectionDelayMs());
    expect(delays.slice(0, 240).every((delayMs) => delayMs === 0)).toBe(true);
    expect(delays.slice(240)).toEqual(Array(10).fill(300_000));
    await doors.clock.advance(300_001);
    expect(budget.connectionDelayMs()).toBe(0);
  });

  test('is one for all streams of a process that go to one host', () => {
    const doors = new ManualDoors();
    expect(budgetOf(doors, 'https://a')).toBe(budgetOf(doors, 'https://a'));
    expect(budgetOf(doors, 'https://a:9443')).toBe(budgetOf(doors, 'wss://a:9443'));
    expect(budgetOf(doors, 'https://a')).not.toBe(budgetOf(doors, 'https://b'));
    expect(budgetOf(doors, 'https://a')).not.toBe(budgetOf(new ManualDoors(), 'https://a'));
  });
});
