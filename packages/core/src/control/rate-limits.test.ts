import { describe, expect, test } from 'bun:test';
import { BAN, POOLS, PRODUCTS } from '@listenpost/protocol';
import { ManualMachine } from '../testing/manual-machine.ts';
import { HOUR, MINUTE, SECOND, START } from '../testing/memory-doors.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { BINANCE_LIMITS, type LimitSettings, RateLimits } from './rate-limits.ts';
import { WireError } from './wire-error.ts';

const IP = '203.0.113.1';
const LIMIT = POOLS.futures.limit;

function limitsAt(start = START, settings: LimitSettings = BINANCE_LIMITS) {
  const machine = new ManualMachine(start);
  const clock = new VirtualClock(machine);
  return { machine, clock, limits: new RateLimits(clock, settings) };
}

/** What is refused, as the wire would say it; undefined when it is let through. */
function refusal(act: () => unknown) {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    return { row: cause.row, retryAt: cause.retryAt };
  }
  return undefined;
}

describe('weight', () => {
  test('counts up to the limit and refuses what is over it until the window turns', () => {
    const { limits } = limitsAt(START + 12_345);
    expect(limits.charge('futures', '/x', IP, LIMIT)).toEqual({ pool: POOLS.futures, count: LIMIT });
    expect(refusal(() => limits.charge('futures', '/x', IP, 1))).toEqual({
      row: 'TOO_MANY_REQUESTS',
      retryAt: START + MINUTE,
    });
  });

  test('windows turn at the whole minute of UTC, whenever they were first used', () => {
    const { limits, machine } = limitsAt(START + 59_000);
    limits.charge('futures', '/x', IP, LIMIT);
    machine.pass(999);
    expect(refusal(() => limits.charge('futures', '/x', IP, 1))?.row).toBe('TOO_MANY_REQUESTS');
    machine.pass(1);
    expect(limits.usageOf('futures', '/x', IP).count).toBe(0);
    expect(limits.charge('futures', '/x', IP, 1).count).toBe(1);
  });

  test('a refused request counts too', () => {
    const { limits } = limitsAt();
    limits.charge('futures', '/x', IP, LIMIT);
    refusal(() => limits.charge('futures', '/x', IP, 5));
    expect(limits.usageOf('futures', '/x', IP).count).toBe(LIMIT + 5);
  });

  test('belongs to one address and one pool', () => {
    const { limits } = limitsAt();
    limits.charge('futures', '/x', IP, LIMIT);
    expect(limits.charge('futures', '/x', '203.0.113.2', 1).count).toBe(1);
    expect(limits.charge('usdmWsApi', '/x', IP, 1).count).toBe(1);
    expect(limits.usageOf('futures', '/y', IP).count).toBe(LIMIT);
  });

  test('of SAPI is counted for each endpoint on its own', () => {
    const { limits } = limitsAt();
    limits.charge('sapiUid', '/sapi/v1/margin/listen-key', 'alice', 3000);
    expect(limits.usageOf('sapiUid', '/sapi/v1/margin/listen-key', 'alice').count).toBe(3000);
    expect(limits.usageOf('sapiUid', '/sapi/v1/userListenToken', 'alice').count).toBe(0);
    expect(limits.isByUid('sapiUid')).toBe(true);
    expect(limits.isByUid('sapiIp')).toBe(false);
  });
});

describe('a ban', () => {
  /** Sends until 418 and tells for how long it is. */
  function banned({ limits, clock }: ReturnType<typeof limitsAt>): number {
    refusal(() => limits.charge('futures', '/x', IP, LIMIT));
    const last = refusal(() => limits.charge('futures', '/x', IP, LIMIT * (BAN.atFactor - 1)));
    expect(last?.row).toBe('IP_BANNED');
    return (last?.retryAt ?? 0) - clock.now();
  }

  test('falls when 429 was ignored for as much weight again, not before', () => {
    const { limits } = limitsAt();
    expect(refusal(() => limits.charge('futures', '/x', IP, LIMIT * 2 - 1))?.row).toBe('TOO_MANY_REQUESTS');
    expect(refusal(() => limits.assertNotBanned(IP))).toBeUndefined();
    expect(refusal(() => limits.charge('futures', '/x', IP, 1))).toEqual({
      row: 'IP_BANNED',
      retryAt: START + 2 * MINUTE,
    });
    expect(refusal(() => limits.assertNotBanned(IP))).toEqual({ row: 'IP_BANNED', retryAt: START + 2 * MINUTE });
    expect(refusal(() => limits.assertNotBanned('203.0.113.2'))).toBeUndefined();
  });

  test('names its end in the message', () => {
    const { limits } = limitsAt();
    try {
      limits.charge('futures', '/x', IP, LIMIT * 2);
    } catch (cause) {
      expect((cause as WireError).in('futures')).toEqual({
        code: -1003,
        status: 418,
        msg: `Way too many requests; IP banned until ${START + 2 * MINUTE}. Please use the websocket for live updates to avoid bans.`,
      });
    }
    expect.assertions(1);
  });

  test('ends at its very instant', () => {
    const room = limitsAt();
    banned(room);
    room.machine.pass(2 * MINUTE - 1);
    expect(refusal(() => room.limits.assertNotBanned(IP))?.row).toBe('IP_BANNED');
    room.machine.pass(1);
    expect(refusal(() => room.limits.assertNotBanned(IP))).toBeUndefined();
  });

  test('doubles with each further one, up to three days', () => {
    const room = limitsAt();
    const lengths: number[] = [];
    for (let nth = 0; nth < 13; nth++) {
      const lengthMs = banned(room);
      lengths.push(lengthMs);
      room.machine.pass(lengthMs);
    }
    expect(lengths.slice(0, 4)).toEqual([2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE]);
    expect(lengths.at(-1)).toBe(72 * HOUR);
  });

  test('is forgotten a day after its end', () => {
    const room = limitsAt();
    room.machine.pass(banned(room) + 24 * HOUR);
    expect(banned(room)).toBe(4 * MINUTE);
    room.machine.pass(4 * MINUTE + 24 * HOUR + 1);
    expect(banned(room)).toBe(2 * MINUTE);
  });

  test('never falls on an account', () => {
    const { limits } = limitsAt();
    const refused = refusal(() => limits.charge('sapiUid', '/x', 'alice', POOLS.sapiUid.limit * 10));
    expect(refused?.row).toBe('TOO_MANY_REQUESTS');
    expect(refusal(() => limits.assertNotBanned('alice'))).toBeUndefined();
  });
});

describe('connection attempts', () => {
  const { connection } = PRODUCTS.risk;

  test('are bounded per address in windows of five minutes', () => {
    const { limits, machine } = limitsAt(START + 4 * MINUTE);
    for (let nth = 0; nth < 300; nth++) limits.attempt(connection, IP);
    const refused = refusal(() => limits.attempt(connection, IP));
    expect(refused).toEqual({ row: 'TOO_MANY_CONNECTIONS', retryAt: START + 5 * MINUTE });
    expect(refusal(() => limits.attempt(connection, '203.0.113.2'))).toBeUndefined();
    machine.pass(MINUTE);
    expect(refusal(() => limits.attempt(connection, IP))).toBeUndefined();
  });

  test('are unbounded where no source names a limit', () => {
    const { limits } = limitsAt();
    for (let nth = 0; nth < 1000; nth++) limits.attempt(PRODUCTS.usdm.connection, IP);
  });
});

describe('while time stands still', () => {
  test('nothing is refused and nothing is added to what comes after', () => {
    const { limits, clock } = limitsAt();
    limits.charge('futures', '/x', IP, 7);
    clock.freeze();
    for (let nth = 0; nth < 5; nth++) expect(limits.charge('futures', '/x', IP, LIMIT).count).toBe(7);
    for (let nth = 0; nth < 500; nth++) limits.attempt(PRODUCTS.risk.connection, IP);
    clock.resume();
    expect(limits.charge('futures', '/x', IP, 1).count).toBe(8);
    expect(refusal(() => limits.attempt(PRODUCTS.risk.connection, IP))).toBeUndefined();
  });

  test('a ban rests', () => {
    const { limits, clock, machine } = limitsAt();
    refusal(() => limits.charge('futures', '/x', IP, LIMIT * 2));
    clock.freeze();
    expect(refusal(() => limits.assertNotBanned(IP))).toBeUndefined();
    clock.resume();
    expect(refusal(() => limits.assertNotBanned(IP))?.row).toBe('IP_BANNED');
    machine.pass(2 * MINUTE + SECOND);
    expect(refusal(() => limits.assertNotBanned(IP))).toBeUndefined();
  });
});

test('limits that are off count and never refuse', () => {
  const { limits } = limitsAt(START, { ...BINANCE_LIMITS, enforced: false });
  for (let nth = 1; nth <= 5; nth++) expect(limits.charge('futures', '/x', IP, LIMIT).count).toBe(nth * LIMIT);
  for (let nth = 0; nth < 500; nth++) limits.attempt(PRODUCTS.risk.connection, IP);
  limits.assertNotBanned(IP);
});

test('an override takes the place of the row', () => {
  const pools = { ...POOLS, futures: { ...POOLS.futures, limit: 3 } };
  const { limits } = limitsAt(START, { ...BINANCE_LIMITS, pools });
  expect(limits.charge('futures', '/x', IP, 3).pool.limit).toBe(3);
  expect(refusal(() => limits.charge('futures', '/x', IP, 1))?.row).toBe('TOO_MANY_REQUESTS');
});

/** One subject more than a window holds, which is a million. */
function flood(limits: RateLimits) {
  for (let nth = 0; nth < 1_000_000; nth++) limits.charge('futures', '/x', `ip ${nth}`, 1);
  return refusal(() => limits.charge('futures', '/x', 'one more', 1))?.row;
}

describe('a flood of addresses', () => {
  test('is refused once the window is full; those already counted go on', () => {
    const { limits, machine } = limitsAt();
    expect(flood(limits)).toBe('TOO_MANY_REQUESTS');
    expect(limits.charge('futures', '/x', 'ip 0', 1).count).toBe(2);
    machine.pass(MINUTE);
    expect(limits.charge('futures', '/x', 'one more', 1).count).toBe(1);
  });

  test('is let through where limits are off, and not counted', () => {
    const { limits } = limitsAt(START, { ...BINANCE_LIMITS, enforced: false });
    expect(flood(limits)).toBeUndefined();
    expect(limits.usageOf('futures', '/x', 'one more').count).toBe(0);
  });
});
