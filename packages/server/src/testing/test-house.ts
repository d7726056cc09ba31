import {
  type AccountSpec,
  BINANCE_LIMITS,
  type Doors,
  House,
  Redacted,
  type Settings,
  VirtualClock,
} from '@listenpost/core';
import { type EndName, SYMBOLS } from '@listenpost/protocol';
import { ManualMachine } from '../../../core/src/testing/manual-machine.ts';
import { type SeededRandom, seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { nodeCrypto } from '../crypto.ts';
import { createSecretBox, type SealingSecretBox } from '../secrets.ts';
import { MemoryJournal } from '../storage/memory-journal.ts';
import { MemoryRegistry } from '../storage/memory-registry.ts';

/** 2026-07-01T00:00:00Z: a whole UTC day, so that rate-limit windows begin with the test. */
export const TEST_START_MS = Date.UTC(2026, 6, 1);

export interface TestHouseOptions {
  /** Put into the registry at once. Default: `alice`, with one HMAC key and every scope. */
  readonly accounts?: readonly AccountSpec[];
  readonly settings?: Partial<Settings>;
  /** Replace single doors: a journal that fails, a store on disk. */
  readonly doors?: Partial<Doors>;
  readonly seed?: number;
  readonly startMs?: number;
}

/** A whole house in one process: nothing on disk, time by hand, chance by a seed. */
export interface TestHouse {
  readonly house: House;
  readonly clock: VirtualClock;
  readonly machine: ManualMachine;
  readonly random: SeededRandom;
  readonly secrets: SealingSecretBox;
  /** What the house reported to the operator. A test that expects none asserts that this is empty. */
  readonly reports: readonly unknown[];
  /** The rows of `ENDS` by which connections ended, in order. */
  readonly ends: readonly EndName[];
}

export function makeTestHouse(options: TestHouseOptions = {}): TestHouse {
  const { accounts = [testAccount('alice')], seed = 1, startMs = TEST_START_MS } = options;
  const machine = new ManualMachine(startMs);
  const clock = new VirtualClock(machine);
  const random = seededRandom(seed);
  const secrets = testSecrets();
  const reports: unknown[] = [];
  const ends: EndName[] = [];
  const doors: Doors = {
    clock,
    random,
    crypto: nodeCrypto,
    secrets,
    journal: new MemoryJournal({ random, nowMs: () => machine.now() }),
    store: new MemoryRegistry(),
    addressMatcher: (list) => (ip) => list.includes(ip),
    signingClocks: () => [clock.now(), machine.now()],
    report: (cause) => reports.push(cause),
    noticeLegacyPath: () => undefined,
    connectionEnded: (name) => ends.push(name),
    ...options.doors,
  };
  const settings: Settings = {
    limits: BINANCE_LIMITS,
    validation: 'strict',
    symbols: SYMBOLS,
    legacyPaths: 'silent',
    expirationTimeUnit: 'timeUnit',
    sbe: 'on',
    ...options.settings,
  };
  const house = new House(doors, settings);
  for (const account of accounts) house.accounts.put(account);
  return { house, clock, machine, random, secrets, reports, ends };
}

/** An account with one HMAC key whose text follows from the id: `testApiKey(id)`, secret `testSecret(id)`. */
export function testAccount(id: string, more: Partial<AccountSpec> = {}): AccountSpec {
  return {
    id,
    apiKeys: [{ apiKey: new Redacted(testApiKey(id)), type: 'HMAC', secret: new Redacted(testSecret(id)) }],
    ...more,
  };
}

/** 64 letters and digits, as the exchange's are. */
export const testApiKey = (id: string): string =>
  `${id.replaceAll(/[^A-Za-z0-9]/g, '')}Key`.padEnd(64, 'x').slice(0, 64);

export const testSecret = (id: string): string => `secret of ${id}`;

function testSecrets(): SealingSecretBox {
  const value = new Redacted('a test secret that is long enough to be taken');
  return createSecretBox({ current: { id: 'k1', value }, previous: [] });
}
