import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { ClientProduct } from '../../packages/client/src/products.ts';
import { ZOMBIES } from './faults.ts';
import { type RunOptions, runSeed } from './run-seed.ts';
import { fairWeather, type Scenario } from './scenario.ts';
import { START, World } from './world.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FROM = 1;
const COUNT = 120;

interface KeptSeed {
  readonly seed: number;
  readonly found: string;
}

const KEPT = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as readonly KeptSeed[];

/** Empty where all is as it should be; else what failed and how to see it. */
async function failures(seed: number, options: RunOptions = {}): Promise<readonly string[]> {
  const { about, violations } = await runSeed(seed, options);
  return violations.length === 0 ? [] : [about, ...violations, `npm run simulate -- --seed ${seed}`];
}

async function lived(product: ClientProduct, change: Partial<Scenario>): Promise<World> {
  const world = new World(fairWeather(product, change));
  await world.run(false);
  expect(world.violations).toEqual([]);
  return world;
}

test.each(KEPT)('what seed $seed once found stays mended: $found', async ({ seed }) => {
  expect(await failures(seed, { everyTurn: true })).toEqual([]);
});

test(`seeds ${FROM} to ${FROM + COUNT - 1}: each event as promised, whatever goes wrong`, async () => {
  for (let seed = FROM; seed < FROM + COUNT; seed++) {
    expect(await failures(seed, { everyTurn: true })).toEqual([]);
  }
}, 300_000);

describe('a seed', () => {
  test.each([2, 7, 11])('%p tells the same story each time', async (seed) => {
    const [first, second, byTurns] = [
      await runSeed(seed),
      await runSeed(seed),
      await runSeed(seed, { everyTurn: true }),
    ];
    expect(second).toEqual(first);
    expect(byTurns).toEqual(first);
    expect(first.steps).toBeGreaterThan(500);
  });

  test('tells another story than the next', async () => {
    expect((await runSeed(2)).hash).not.toBe((await runSeed(3)).hash);
  });
});

describe('the alarm', () => {
  test('rings where duplicates are let through', async () => {
    const change = { resume: false, parallel: 2, deduplicate: false } as const;
    const { violations } = await runSeed(5, { change });
    expect(violations.join('\n')).toMatch(/alice\/\S+: \d+ comes behind \d+/);
    expect(await failures(5, { change: { ...change, deduplicate: true } })).toEqual([]);
  });

  test('rings where an event is lost on the way', async () => {
    for (const resume of [true, false]) {
      const world = new World(fairWeather('usdm', { resume, troubleMs: 5 * MINUTE, eventEveryMs: 2 * SECOND }));
      world.universe.after(2 * MINUTE, () => world.forgetApplied());
      await world.run(false);
      expect(world.violations).not.toEqual([]);
    }
  });
});

const doubts = ({ bot }: World) => bot.verdicts.filter(({ verdict }) => verdict !== 'live' && verdict !== 'quiet');

describe.each(['usdm', 'margin'] as const)('%s', (product) => {
  test('90 days without a lapse: no gap, no expiry, no connection but the planned ones', async () => {
    const world = await lived(product, { troubleMs: 90 * DAY, eventEveryMs: HOUR, proveEveryMs: 10 * MINUTE });
    const items = [...world.bot.applied.values()].flat();
    expect(items.filter(({ kind }) => kind === 'gap')).toEqual([]);
    expect(items.length).toBeGreaterThan(2000);
    expect(doubts(world)).toEqual([]);
    // One each 23 hours, or up to a tenth sooner.
    expect(world.network.handshakes).toBeWithin(90, 107);
  }, 300_000);
});

describe.each(['usdm', 'spot', 'margin'] as const)('%s', (product) => {
  test('30 quiet days: no connection but the planned ones', async () => {
    const world = await lived(product, { troubleMs: 30 * DAY, eventEveryMs: 1000 * DAY, proveEveryMs: 10 * MINUTE });
    expect(world.network.handshakes).toBeWithin(30, 37);
    expect(doubts(world)).toEqual([]);
  }, 300_000);

  test.each([true, false])('a zombie is found within the bound (resume: %p)', async (resume) => {
    const since = 20 * MINUTE;
    const checkAfterMs = 2 * MINUTE;
    const faults = [{ at: since, durationMs: 0, fault: ZOMBIES }];
    const { bot } = await lived(product, { resume, faults, checkAfterMs, eventEveryMs: 10 * SECOND });
    const found = bot.verdicts.find(({ verdict }) => verdict === 'dead');
    expect(found?.reason).toContain('the account has changed and no event came');
    // The silence that is waited for, the tick that sees it, the answer, and the grace for an event on its way.
    expect((found?.at ?? 0) - START - since).toBeLessThan(checkAfterMs + 20 * SECOND);
  });
});
