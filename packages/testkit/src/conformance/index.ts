/** A user's own client before an emulator that does to it what happens in life (docs/conformance.md). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Host } from '../host.ts';
import { Bench, Failed, Skipped } from './bench.ts';
import { type Check, checksOf, PRODUCTS } from './checks.ts';
import { FOLLOWING_MODULE } from './followed-time.ts';

export interface ConformanceOptions {
  /** Where the emulators run. */
  readonly host: Host;
  readonly client: string;
  readonly product: string;
  /** The checks with these names alone. */
  readonly only?: readonly string[];
  /** Checks at once. */
  readonly jobs: number;
  /** How much of the machine's time a client has to listen again, in ms. What does, is not waited for. Default 45 s. */
  readonly patienceMs?: number;
  /** Told of each as it is done. */
  readonly done?: (row: ScoreRow) => void;
}

export interface ScoreRow {
  readonly check: string;
  readonly verdict: 'pass' | 'fail' | 'skip';
  readonly survives: string;
  /** What was seen, where it did not pass. */
  readonly why?: string;
}

export interface ScoreCard {
  readonly product: string;
  readonly rows: readonly ScoreRow[];
}

/** More than the longest short timer of a client, twice over: it may fail to connect once. */
const PATIENCE_MS = 45_000;

export const CONFORMANCE_PRODUCTS = PRODUCTS;

export const checkNamesOf = (product: string): readonly string[] => checksOf(product).map(({ name }) => name);

export async function runConformance(options: ConformanceOptions): Promise<ScoreCard> {
  const { product, only, jobs } = options;
  const folder = await mkdtemp(join(tmpdir(), 'listenpost-conformance-'));
  try {
    const file = join(folder, 'follow.mjs');
    await writeFile(file, FOLLOWING_MODULE);
    const checks = checksOf(product).filter(({ name }) => only === undefined || only.includes(name));
    const rows: ScoreRow[] = [];
    const waiting = [...checks.entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [at, check] = next;
        const row = await scored(check, options, pathToFileURL(file).href);
        rows[at] = row;
        options.done?.(row);
      }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    return { product, rows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function scored(check: Check, options: ConformanceOptions, followingModule: string): Promise<ScoreRow> {
  const { host, client, product, patienceMs = PATIENCE_MS } = options;
  const { name, survives, config } = check;
  const bench = await Bench.open({
    host,
    client,
    product,
    followingModule,
    patienceMs,
    ...(config === undefined ? {} : { config: config(product) }),
  });
  try {
    await check.run(bench);
    return { check: name, verdict: 'pass', survives };
  } catch (cause) {
    if (cause instanceof Failed) return { check: name, verdict: 'fail', survives, why: cause.message };
    if (cause instanceof Skipped) return { check: name, verdict: 'skip', survives, why: cause.message };
    throw cause;
  } finally {
    await bench.close();
  }
}
