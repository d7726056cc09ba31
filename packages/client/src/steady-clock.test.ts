import { describe, expect, test } from 'bun:test';
import { SteadyClock, steadyClockOf } from './steady-clock.ts';
import { ManualClock } from './testing/manual-doors.ts';

const HOUR = 3_600_000;

function telling() {
  const clock = new ManualClock();
  return { clock, time: new SteadyClock(clock), start: clock.now() };
}

describe('a clock that is set', () => {
  test('moves nothing inside', async () => {
    const { clock, time, start } = telling();
    for (const setMs of [-HOUR, 3 * HOUR, 0]) {
      clock.setMs = setMs;
      await clock.advance(1000);
      time.told(start);
    }
    expect(time.now()).toBe(start + 3000);
  });

  test('back was wrong, also for what lies behind', async () => {
    const { clock, time, start } = telling();
    await clock.advance(1000);
    clock.setMs = -HOUR;
    await clock.advance(1000);
    expect([time.told(start), time.told(start + 2000)]).toEqual([start - HOUR, clock.now()]);
    expect(time.taken(clock.now())).toBe(start + 2000);
  });

  test('forward may have slept: what lies behind is told as it was', async () => {
    const { clock, time, start } = telling();
    await clock.advance(1000);
    clock.setMs = HOUR;
    expect([time.told(start + 999), time.told(start + 1000)]).toEqual([start + 999, clock.now()]);
    await clock.advance(1000);
    clock.setMs = 2 * HOUR;
    expect(time.told(start + 1500)).toBe(start + 1500 + HOUR);
    expect(time.told(time.now())).toBe(clock.now());
    for (const instant of [start, start + 1500, start + 2000]) expect(time.taken(time.told(instant))).toBe(instant);
    clock.setMs = -HOUR;
    expect(time.told(time.now())).toBe(clock.now());
    for (const instant of [start, start + 1500, start + 2000]) expect(time.taken(time.told(instant))).toBe(instant);
  });

  test('forward is noticed at the first reading behind it, whoever reads', async () => {
    const { clock, time, start } = telling();
    await clock.advance(1000);
    clock.setMs = HOUR;
    expect(time.now()).toBe(start + 1000);
    await clock.advance(1000);
    expect(time.told(start + 1500)).toBe(start + 1500 + HOUR);
  });

  test('forward skipped instants that another program may have told: they were before the step', async () => {
    const { clock, time, start } = telling();
    await clock.advance(1000);
    clock.setMs = HOUR;
    for (const instant of [1, HOUR / 2, HOUR - 1])
      expect(time.taken(start + 1000 + instant)).toBeLessThan(start + 1000);
    expect(time.taken(start + 1000 + HOUR)).toBe(start + 1000);
  });

  test('keeps what it is told bounded', async () => {
    const { clock, time, start } = telling();
    for (let n = 0; n < 1000; n++) {
      clock.setMs += 200;
      await clock.advance(1000);
      expect(time.told(time.now())).toBe(clock.now());
    }
    // The oldest steps are taken for older than everything that is still told.
    expect(time.told(start)).toBe(start + (1000 - 64) * 200);
  });
});

test('a clock that is kept right by little and little is followed within a tenth of a second', async () => {
  const { clock, time } = telling();
  for (const setMs of [-50, -20, -110, 30, -40, -60]) {
    clock.setMs = setMs;
    await clock.advance(10);
    expect(Math.abs(time.told(time.now()) - clock.now())).toBeLessThan(100);
  }
});

test('time is one for all streams of a process', () => {
  const { clock } = telling();
  expect(steadyClockOf(clock)).toBe(steadyClockOf(clock));
  expect(steadyClockOf(new ManualClock())).not.toBe(steadyClockOf(clock));
});
