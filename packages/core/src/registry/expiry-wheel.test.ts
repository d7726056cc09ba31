import { describe, expect, test } from 'bun:test';
import { ManualMachine } from '../testing/manual-machine.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { ExpiryWheel } from './expiry-wheel.ts';

interface Holder {
  readonly name: string;
  deadline: number;
  bucket: number | undefined;
}

function wheelOf() {
  const machine = new ManualMachine();
  const clock = new VirtualClock(machine);
  const due: [string, number][] = [];
  const wheel = new ExpiryWheel<Holder>(clock, ({ name }) => due.push([name, clock.now()]));
  const hold = (name: string, deadline: number): Holder => {
    const holder = { name, deadline, bucket: undefined };
    wheel.add(holder);
    return holder;
  };
  return { machine, clock, wheel, due, hold };
}

describe('the expiry wheel', () => {
  test('reaches each deadline to the millisecond, in order', async () => {
    const { clock, due, hold } = wheelOf();
    const start = clock.now();
    const random = seededRandom(7);
    const deadlines = Array.from({ length: 500 }, () => start + random.below(7200_000));
    for (const deadline of deadlines) hold(String(deadline), deadline);
    await clock.advance(7200_000);
    expect(due).toEqual([...deadlines].sort((a, b) => a - b).map((deadline) => [String(deadline), deadline]));
  });

  test('follows a deadline that moved, within its second and beyond', async () => {
    const { clock, due, hold } = wheelOf();
    const start = clock.now();
    const holder = hold('a', start + 1500);
    await clock.advance(1200);
    holder.deadline = start + 1900;
    await clock.advance(500);
    holder.deadline = start + 3_600_000;
    await clock.advance(3_598_299);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual([['a', start + 3_600_000]]);
  });

  test('forgets what is removed, also in the second it would be due', async () => {
    const { clock, wheel, due, hold } = wheelOf();
    const start = clock.now();
    wheel.remove(hold('before', start + 5000));
    const late = hold('in its second', start + 5500);
    await clock.advance(5200);
    wheel.remove(late);
    await clock.advance(60_000);
    expect(due).toEqual([]);
  });

  test('holds no more than it has: starting and closing leaves nothing behind', () => {
    const { clock, wheel, hold } = wheelOf();
    for (let i = 0; i < 10_000; i++) wheel.remove(hold('x', clock.now() + 3_600_000));
    expect(clock.pending).toBe(0);
  });
});
