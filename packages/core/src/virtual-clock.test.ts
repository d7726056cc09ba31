import { describe, expect, test } from 'bun:test';
import type { Beat } from './clock.ts';
import { ManualMachine } from './testing/manual-machine.ts';
import { ClockError, VirtualClock } from './virtual-clock.ts';

const START = Date.UTC(2026, 9, 1);

function clockAt(start = START) {
  const machine = new ManualMachine(start);
  return { machine, clock: new VirtualClock(machine) };
}

/** A beat that pings every `everyMs` and answers itself unless told to be silent. */
class RecordingBeat implements Beat {
  proven = true;
  silent = false;
  readonly log: string[] = [];

  tick() {
    this.log.push('tick');
  }

  prove() {
    this.log.push('prove');
    this.proven = !this.silent;
  }

  resume() {
    this.log.push('resume');
  }
}

describe('the virtual clock', () => {
  test('flows with the machine', () => {
    const { machine, clock } = clockAt();
    machine.pass(1500);
    expect(clock.now()).toBe(START + 1500);
  });

  test('runs timers in the order of their instants, then in the order they were set', () => {
    const { machine, clock } = clockAt();
    const ran: string[] = [];
    clock.at(START + 20, () => ran.push('late'));
    clock.at(START + 10, () => ran.push('early, set first'));
    clock.at(START + 10, () => ran.push('early, set second'));
    machine.pass(20);
    expect(ran).toEqual(['early, set first', 'early, set second', 'late']);
  });

  test('does not run a cancelled timer, also when many are cancelled', () => {
    const { machine, clock } = clockAt();
    let ran = 0;
    const timers = Array.from({ length: 1000 }, (_, i) => clock.at(START + i, () => ran++));
    for (const timer of timers.slice(1)) timer.cancel();
    expect(clock.pending).toBe(1);
    machine.pass(2000);
    expect(ran).toBe(1);
  });

  test('advances past a day in one go, each timer seeing its own instant', async () => {
    const { clock } = clockAt();
    const seen: number[] = [];
    const hourly = () => {
      seen.push(clock.now() - START);
      clock.at(clock.now() + 3_600_000, hourly);
    };
    clock.at(START + 3_600_000, hourly);
    await clock.advance(24 * 3_600_000);
    expect(seen).toEqual(Array.from({ length: 24 }, (_, i) => (i + 1) * 3_600_000));
    expect(clock.now()).toBe(START + 24 * 3_600_000);
  });

  test('keeps flowing after an advance', async () => {
    const { machine, clock } = clockAt();
    await clock.advance(1000);
    machine.pass(500);
    expect(clock.now()).toBe(START + 1500);
  });

  test('runs a timer on time after an advance past the one it was waiting for', async () => {
    const { machine, clock } = clockAt();
    const ran: number[] = [];
    clock.at(START + 180_000, () => ran.push(180));
    await clock.advance(600_000);
    clock.at(START + 620_000, () => ran.push(620));
    machine.pass(19_999);
    expect(ran).toEqual([180]);
    machine.pass(1);
    expect(ran).toEqual([180, 620]);
  });

  test('runs a timer on time after it was frozen', () => {
    const { machine, clock } = clockAt();
    const ran: number[] = [];
    clock.at(START + 1000, () => ran.push(clock.now() - START));
    machine.pass(400);
    clock.freeze();
    machine.pass(5000);
    clock.resume();
    machine.pass(599);
    expect(ran).toEqual([]);
    machine.pass(1);
    expect(ran).toEqual([1000]);
  });

  test('stands while frozen and goes on from there', async () => {
    const { machine, clock } = clockAt();
    clock.freeze();
    machine.pass(5000);
    expect(clock.now()).toBe(START);
    await clock.advance(10);
    expect(clock.now()).toBe(START + 10);
    clock.resume();
    machine.pass(5);
    expect(clock.now()).toBe(START + 15);
  });

  test('resumed in the middle of an advance, it flows from where the advance ends', async () => {
    const { machine, clock } = clockAt();
    clock.freeze();
    clock.at(START + 1000, () => clock.resume());
    const seen: number[] = [];
    clock.at(START + 2000, () => seen.push(clock.now()));
    await clock.advance(3000);
    expect(seen).toEqual([START + 2000]);
    machine.pass(5);
    expect(clock.now()).toBe(START + 3005);
  });

  test('never goes back, neither by command nor with the machine', async () => {
    const { machine, clock } = clockAt();
    expect(() => clock.set(START - 1)).toThrow(ClockError);
    expect(() => clock.advance(-1)).toThrow(ClockError);
    machine.pass(1000);
    expect(clock.now()).toBe(START + 1000);
    machine.pass(-600);
    expect(clock.now()).toBe(START + 1000);
  });

  test('takes up its offset after a restart', async () => {
    const { machine, clock } = clockAt();
    await clock.advance(61 * 60_000);
    const restarted = new VirtualClock(machine, clock.state);
    expect(restarted.now()).toBe(clock.now());
  });

  test('collapses the heartbeats between two due timers into one proof', async () => {
    const { clock } = clockAt();
    const beat = new RecordingBeat();
    clock.beatAt(START + 180_000, beat);
    clock.at(START + 3_600_000, () => beat.log.push('expiry'));
    await clock.advance(3_600_000);
    expect(beat.log).toEqual(['prove', 'resume', 'expiry']);
  });

  test('waits for a silent peer no longer than its budget', async () => {
    const { machine, clock } = clockAt();
    const beat = new RecordingBeat();
    beat.silent = true;
    clock.beatAt(START + 1, beat);
    const advance = clock.advance(1000);
    let done = false;
    const noted = advance.then(() => {
      done = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    machine.pass(1990);
    await Promise.resolve();
    expect(done).toBe(false);
    machine.pass(20);
    await noted;
    expect(beat.log).toEqual(['prove', 'resume']);
  });

  test('asks all whose beats fall due on the way at once, so that one wait is enough', async () => {
    const { machine, clock } = clockAt();
    const [early, late] = [new RecordingBeat(), new RecordingBeat()];
    early.silent = true;
    late.silent = true;
    clock.beatAt(START + 10, early);
    clock.at(START + 20, () => undefined);
    clock.beatAt(START + 30, late);
    const advance = clock.advance(1000);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    machine.pass(2000);
    await advance;
    expect([early.log, late.log]).toEqual([
      ['prove', 'resume'],
      ['prove', 'resume'],
    ]);
  });

  test('asks nobody who would get no time to answer', async () => {
    const { machine, clock } = clockAt();
    const [silent, healthy] = [new RecordingBeat(), new RecordingBeat()];
    silent.silent = true;
    clock.beatAt(START + 10, silent);
    clock.at(START + 20, () => {
      clock.beatAt(START + 30, healthy);
    });
    const advance = clock.advance(1000);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    machine.pass(2000);
    await advance;
    expect(healthy.log).toEqual(['resume']);
  });
});
