/** Timers that follow, by every door at which a bot may ask for them; run on Node and on Bun. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as setTimeoutOfModule } from 'node:timers';
import { scheduler, setTimeout as sleep, setInterval as ticks } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startEmulator } from '@listenpost/testkit';

const HALF_HOUR_MS = 30 * 60_000;
const machine = { setTimeout, sleep, ticks, setTimeoutOfModule };

let emulator;
beforeEach(async () => {
  emulator = await startEmulator({ now: '2026-07-01T12:00:00Z', frozen: true, followTimers: true });
});
afterEach(() => emulator.close());

/** What came of a promise so far. */
function watched(promise) {
  const seen = { value: undefined, error: undefined };
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error) => {
      seen.error = error;
    },
  );
  return seen;
}

const minute = () => new Date().toISOString().slice(11, 16);

test('the promise of a timer, which promisify makes or node:timers/promises gives, is kept by the clock', async () => {
  const waits = [promisify(setTimeout)(HALF_HOUR_MS, 'promisified'), sleep(HALF_HOUR_MS, 'slept')].map(watched);
  const waited = watched(scheduler.wait(HALF_HOUR_MS).then(() => minute()));
  await emulator.clock.advance('29m');
  assert.deepEqual(
    [...waits, waited].map(({ value }) => value),
    [undefined, undefined, undefined],
  );
  await emulator.clock.advance('2m');
  assert.deepEqual(
    [...waits, waited].map(({ value }) => value),
    ['promisified', 'slept', '12:30'],
  );
});

test('a loop that sleeps between its keepalives is at each of them at its time', async () => {
  const keepalives = [];
  const open = { yet: true };
  const loop = async () => {
    for (await sleep(HALF_HOUR_MS); open.yet; await sleep(HALF_HOUR_MS)) keepalives.push(minute());
  };
  const ended = watched(loop().then(() => 'ended'));
  await emulator.clock.advance('95m');
  assert.deepEqual(keepalives, ['12:30', '13:00', '13:30']);
  open.yet = false;
  await emulator.clock.advance('30m');
  assert.equal(ended.value, 'ended');
});

test('an interval of node:timers/promises ticks by the clock, until it is left', async () => {
  const seen = [];
  const loop = async () => {
    for await (const value of ticks(HALF_HOUR_MS, 'tick')) {
      seen.push(`${value} ${minute()}`);
      if (seen.length === 3) return 'left';
    }
  };
  const ended = watched(loop());
  await emulator.clock.advance('4h');
  assert.deepEqual(seen, ['tick 12:30', 'tick 13:00', 'tick 13:30']);
  assert.equal(ended.value, 'left');
});

test('an abort ends a wait with the AbortError of the runtime, before it, in it and in a loop', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const loop = async () => {
    for await (const tick of ticks(HALF_HOUR_MS, 'tick', { signal })) assert.fail(tick);
  };
  const waits = [sleep(HALF_HOUR_MS, 'slept', { signal }), loop()].map(watched);
  await emulator.clock.advance('1m');
  controller.abort(new Error('enough'));
  waits.push(watched(sleep(HALF_HOUR_MS, 'slept', { signal })));
  await emulator.clock.advance('1h');
  for (const { value, error } of waits) {
    assert.deepEqual(
      [value, error?.name, error?.code, error?.cause?.message],
      [undefined, 'AbortError', 'ABORT_ERR', 'enough'],
    );
  }
});

test('what makes no sense is refused by the runtime itself', async () => {
  await assert.rejects(sleep(HALF_HOUR_MS, 'slept', { ref: 'no' }), { code: 'ERR_INVALID_ARG_TYPE' });
  await assert.rejects(sleep(HALF_HOUR_MS, 'slept', { signal: 'no' }), { code: 'ERR_INVALID_ARG_TYPE' });
  await assert.rejects(sleep(HALF_HOUR_MS, 'slept', null), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => setTimeout('no function', HALF_HOUR_MS), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a timer may be cleared by its number, kept as a number or as text, and by itself', async () => {
  const ran = [];
  clearTimeout(+setTimeout(() => ran.push('number'), HALF_HOUR_MS));
  clearInterval(`${+setInterval(() => ran.push('text'), HALF_HOUR_MS)}`);
  clearTimeout(setTimeoutOfModule(() => ran.push('itself'), HALF_HOUR_MS));
  const numbers = [setTimeout(() => ran.push('first'), HALF_HOUR_MS), setTimeout(() => ran.push('second'), 60_000)];
  assert.notEqual(+numbers[0], +numbers[1]);
  clearTimeout(+numbers[0]);
  await emulator.clock.advance('1h');
  assert.deepEqual(ran, ['second']);
});

test('a timer holds the process unless told otherwise, and may be started again', async () => {
  const ran = [];
  const timer = setTimeout(() => ran.push(minute()), HALF_HOUR_MS);
  assert.deepEqual([timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef()], [true, false, true]);
  await emulator.clock.advance('10m');
  timer.refresh();
  await emulator.clock.advance('35m');
  timer.refresh();
  await emulator.clock.advance('35m');
  timer.close();
  timer.refresh();
  await emulator.clock.advance('2h');
  assert.deepEqual(ran, ['12:40', '13:15']);
});

test('short ones are the machine’s, those of text follow, and what no timer can wait runs at once', async () => {
  assert.equal(await promisify(setTimeout)(1, 'short'), 'short');
  assert.equal(await sleep(1, 'short'), 'short');
  assert.equal(await promisify(setImmediate)('now'), 'now');
  for await (const tick of ticks(1, 'tick')) {
    assert.equal(tick, 'tick');
    break;
  }
  const ran = [];
  setTimeout((what) => ran.push(what), String(HALF_HOUR_MS), 'text');
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31));
  await emulator.clock.advance('1h');
  assert.deepEqual(ran, ['text']);
});

test('all doors are the machine’s again when the emulator is closed', async () => {
  assert.notEqual(sleep, machine.sleep);
  await emulator.close();
  assert.deepEqual({ setTimeout, sleep, ticks, setTimeoutOfModule }, machine);
  assert.equal(await scheduler.wait(1), undefined);
});

test('nothing of an emulator that was closed waits for the next one’s clock, or listens for an abort', async () => {
  const ran = [];
  const timer = setTimeout(() => ran.push('timer'), HALF_HOUR_MS);
  const { signal } = new AbortController();
  let listeners = 0;
  signal.addEventListener = () => {
    listeners += 1;
  };
  signal.removeEventListener = () => {
    listeners -= 1;
  };
  const slept = watched(sleep(HALF_HOUR_MS, 'slept', { signal }));
  assert.equal(listeners, 1);
  await emulator.close();
  assert.equal(listeners, 0);
  // Holds the process no longer, or this file would never end.
  timer.refresh();
  emulator = await startEmulator({ now: '2026-07-01T12:00:00Z', frozen: true, followTimers: true });
  await emulator.clock.advance('2h');
  assert.deepEqual(slept, { value: undefined, error: undefined });
  assert.deepEqual(ran, []);
});
