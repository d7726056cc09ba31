import { describe, expect, test } from 'bun:test';
import { type ConnectionRow, PRODUCTS } from '@listenpost/protocol';
import { ManualMachine } from '../testing/manual-machine.ts';
import { HOUR, MINUTE, SECOND, START } from '../testing/memory-doors.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Heartbeat } from './heartbeat.ts';

const FUTURES = PRODUCTS.usdm.connection;
const SPOT = PRODUCTS.risk.connection;

/** A heartbeat whose peer answers as `answers` says; `log` has the minutes or seconds of what happened. */
function beating(row: ConnectionRow, answers = true, unitMs = MINUTE) {
  const machine = new ManualMachine(START);
  const clock = new VirtualClock(machine);
  const log: string[] = [];
  const note = (what: string) => log.push(`${what} ${(clock.now() - START) / unitMs}`);
  const peer = { answers, pings: [] as string[], pong: () => heartbeat.pong(peer.pings.at(-1) ?? '') };
  const heartbeat: Heartbeat = new Heartbeat(
    clock,
    row,
    (payload) => {
      note('ping');
      peer.pings.push(payload);
      if (peer.answers) peer.pong();
    },
    () => note('dead'),
  );
  return { machine, clock, heartbeat, log, peer };
}

describe('in flowing time', () => {
  test('pings as often as the row says', () => {
    const { machine, log } = beating(FUTURES);
    machine.pass(10 * MINUTE);
    expect(log).toEqual(['ping 3', 'ping 6', 'ping 9']);
  });

  test('drops a silent peer exactly pongWithin after the oldest unanswered ping', () => {
    const { machine, log } = beating(FUTURES, false);
    machine.pass(13 * MINUTE - 1);
    expect(log).toEqual(['ping 3', 'ping 6', 'ping 9', 'ping 12']);
    machine.pass(1);
    expect(log.at(-1)).toBe('dead 13');
    machine.pass(HOUR);
    expect(log).toHaveLength(5);
  });

  test('drops before it pings where both fall on one instant', () => {
    const { machine, log } = beating(SPOT, false, SECOND);
    machine.pass(5 * MINUTE);
    expect(log).toEqual(['ping 20', 'ping 40', 'ping 60', 'dead 80']);
  });

  test('one pong answers every ping before it', () => {
    const { machine, log, peer } = beating(FUTURES, false);
    machine.pass(13 * MINUTE - 1);
    peer.pong();
    machine.pass(12 * MINUTE);
    expect(log).toEqual(['ping 3', 'ping 6', 'ping 9', 'ping 12', 'ping 15', 'ping 18', 'ping 21', 'ping 24']);
    machine.pass(MINUTE);
    expect(log.at(-1)).toBe('dead 25');
  });

  test('so does the copy of the first of them', () => {
    const { machine, heartbeat, log, peer } = beating(FUTURES, false);
    machine.pass(13 * MINUTE - 1);
    heartbeat.pong(peer.pings[0] ?? '');
    machine.pass(1);
    expect(log.at(-1)).toBe('ping 12');
  });

  test('a pong that copies no ping answers none', () => {
    const { machine, heartbeat, log } = beating(FUTURES, false);
    for (let minute = 0; minute < 13; minute++) {
      machine.pass(MINUTE);
      for (const payload of ['', 'pong', '0', String(START)]) heartbeat.pong(payload);
    }
    expect(log.at(-1)).toBe('dead 13');
  });

  test('an unsolicited pong keeps nobody alive', () => {
    const { machine, log, peer } = beating(FUTURES);
    machine.pass(3 * MINUTE);
    for (let nth = 0; nth < 5; nth++) expect(peer.pong()).toBe(false);
    peer.answers = false;
    machine.pass(13 * MINUTE);
    expect(log.at(-1)).toBe('dead 16');
  });

  test('stops when told', () => {
    const { machine, clock, heartbeat, log } = beating(FUTURES);
    heartbeat.stop();
    machine.pass(HOUR);
    expect(log).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('following another row', () => {
  test('pings by it from now on', () => {
    const { machine, heartbeat, log } = beating(FUTURES, true, SECOND);
    machine.pass(10 * SECOND);
    heartbeat.follow(SPOT);
    machine.pass(50 * SECOND);
    expect(log).toEqual(['ping 30', 'ping 50']);
  });

  test('drops by it', () => {
    const { machine, heartbeat, log } = beating(FUTURES, false, SECOND);
    heartbeat.follow(SPOT);
    machine.pass(5 * MINUTE);
    expect(log.at(-1)).toBe('dead 80');
  });

  test('of the same times changes nothing', () => {
    const { machine, heartbeat, log } = beating(FUTURES);
    machine.pass(MINUTE);
    heartbeat.follow(PRODUCTS.coinm.connection);
    machine.pass(2 * MINUTE);
    expect(log).toEqual(['ping 3']);
  });
});

describe('in an advance', () => {
  test('an hour costs a healthy peer one ping', async () => {
    const { clock, log, heartbeat } = beating(FUTURES);
    await clock.advance(HOUR);
    expect(log).toEqual(['ping 0']);
    expect(heartbeat.proven).toBe(true);
  });

  test('and goes on by the row afterwards', async () => {
    const { clock, machine, log } = beating(FUTURES);
    await clock.advance(HOUR);
    machine.pass(3 * MINUTE);
    expect(log).toEqual(['ping 0', 'ping 63']);
  });

  test('a silent peer is dropped once the wait for its pong is used up', async () => {
    const { clock, machine, log } = beating(FUTURES, false);
    const advanced = clock.advance(HOUR);
    await Promise.resolve();
    await Promise.resolve();
    machine.pass(2 * SECOND);
    await advanced;
    expect(log).toEqual(['ping 0', 'dead 60']);
  });

  test('the pong that proves the socket is told from the others', async () => {
    const { clock, machine, peer } = beating(FUTURES, false);
    const advanced = clock.advance(5 * MINUTE);
    await Promise.resolve();
    await Promise.resolve();
    expect(peer.pong()).toBe(true);
    expect(peer.pong()).toBe(false);
    machine.pass(2);
    await advanced;
    peer.answers = false;
    machine.pass(3 * MINUTE);
    expect(peer.pong()).toBe(false);
  });

  test('a row that changes while the proof is waited for is followed after it', async () => {
    const { clock, machine, heartbeat, log, peer } = beating(FUTURES, false, SECOND);
    const advanced = clock.advance(10 * MINUTE);
    await Promise.resolve();
    await Promise.resolve();
    heartbeat.follow(SPOT);
    expect(peer.pong()).toBe(true);
    machine.pass(2);
    await advanced;
    machine.pass(20 * SECOND);
    expect(log).toEqual(['ping 0', 'ping 620']);
    expect(peer.pong()).toBe(false);
  });
});
