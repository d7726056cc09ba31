import { expect, test } from 'bun:test';
import { SteadyClock, steadyClockOf } from './steady-clock.ts';
import { ManualClock } from './testing/manual-doors.ts';

const HOUR = 3_600_000;

test('time goes on as it went when the clock is set back, and what is told is by the clock as it is set', async () => {
  const clock = new ManualClock();
  const time = new SteadyClock(clock);
  const before = time.now();
  clock.setMs = -HOUR;
  await clock.advance(1000);
  expect(time.now()).toBe(before + 1000);
  expect(time.told(before + 1000)).toBe(clock.now());
  expect(time.taken(clock.now())).toBe(before + 1000);
  clock.setMs = -3 * HOUR;
  await clock.advance(1000);
  expect(time.now()).toBe(before + 2000);
  expect(time.told(time.now())).toBe(clock.now());
});

test('time follows a clock that is set forward, also behind one that was set back', async () => {
  const clock = new ManualClock();
  const time = new SteadyClock(clock);
  const before = time.now();
  clock.setMs = HOUR;
  expect(time.now()).toBe(before + HOUR);
  clock.setMs = 0;
  expect(time.now()).toBe(before + HOUR);
  clock.setMs = 2 * HOUR;
  expect(time.now()).toBe(before + 3 * HOUR);
  expect(time.told(time.now())).toBe(clock.now());
});

test('a clock that is kept right by little and little is followed, but for its steps back', async () => {
  const clock = new ManualClock();
  const time = new SteadyClock(clock);
  let last = time.now();
  for (const setMs of [-50, -20, -110, 30, -40, -60]) {
    clock.setMs = setMs;
    await clock.advance(10);
    expect(time.now()).toBeGreaterThanOrEqual(last);
    last = time.now();
    await clock.advance(200);
    expect(time.now()).toBe(clock.now());
    last = time.now();
  }
});

test('is one for all streams of a process', () => {
  const clock = new ManualClock();
  expect(steadyClockOf(clock)).toBe(steadyClockOf(clock));
  expect(steadyClockOf(new ManualClock())).not.toBe(steadyClockOf(clock));
});
