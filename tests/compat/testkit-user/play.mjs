/** The scenarios of the documentation, played by their files; run on Node and on Bun. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { startEmulator } from '@listenpost/testkit';

let emulator;
beforeEach(async () => {
  emulator = await startEmulator({ now: '2026-07-01T12:00:00Z', frozen: true, followTimers: true });
});
afterEach(() => emulator.close());

test('a file of JSON moves the clock, and this process’s timers with it', async () => {
  const ran = [];
  const timer = setInterval(() => ran.push(new Date().toISOString().slice(11, 16)), 30 * 60_000);
  const { events } = await emulator.play('expiry-during-a-fill.json');
  clearInterval(timer);
  assert.deepEqual({ events, ran }, { events: 10, ran: ['12:30', '13:00'] });
});

test('a module in TypeScript waits for a clock that is advanced', async () => {
  const played = emulator.play(new URL('cancelled-after-a-while.ts', import.meta.url));
  const url = `${emulator.urls.admin}/admin/v1/streams/alice/usdm/events`;
  const events = async () => (await (await fetch(url)).json()).events.map(({ event }) => event);
  while ((await events()).length < 10) await new Promise((resolve) => setTimeout(resolve, 5));
  await emulator.clock.advance('30s');
  assert.equal((await played).steps.at(-1).kind, 'event');
  const [first, ...later] = await events();
  assert.deepEqual([later.at(-2).o.x, later.at(-2).E - first.E], ['CANCELED', 30_000]);
});
