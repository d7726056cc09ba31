/**
 * `npm run simulate -- --seed N`: replays a seed and prints everything that happens in it; with `--frames` also what the venue
 * sends, with `--quiet` only the outcome.
 * `npm run simulate -- --from N --count N --workers N`: runs many, and prints those that fail.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Outcome, runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    frames: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '10000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    /** Of a worker: runs each so-manieth seed. */
    every: { type: 'string' },
  },
});

/** Violations of one seed that are printed: what follows the first is often its consequence. */
const SHOWN_MAX = 5;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function replay(seed: number): Promise<boolean> {
  const outcome = await runSeed(seed, values.quiet ? {} : { print: say, frames: values.frames });
  say(`${outcome.about}; ${outcome.steps} steps, hash ${outcome.hash}`);
  for (const violation of outcome.violations) say(`  ${violation}`);
  say(outcome.violations.length === 0 ? 'all as it should be' : 'FAILED');
  return outcome.violations.length === 0;
}

function failed({ about, violations }: Outcome): string {
  const shown = violations.slice(0, SHOWN_MAX).map((violation) => `\n  ${violation}`);
  return `FAILED ${about}${shown.join('')}`;
}

/** Each so-manieth seed from `from` on; answers how many failed. */
async function work(from: number, until: number, every: number): Promise<number> {
  let failures = 0;
  for (let seed = from; seed < until; seed += every) {
    const outcome = await runSeed(seed);
    if (outcome.violations.length === 0) continue;
    failures++;
    say(failed(outcome));
  }
  return failures;
}

function worker(from: number, count: number, every: number): Promise<boolean> {
  const args = ['--from', String(from), '--count', String(count), '--every', String(every)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [import.meta.path, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}

async function main(): Promise<boolean> {
  if (values.seed !== undefined) return replay(Number(values.seed));
  const [from, count, workers] = [Number(values.from), Number(values.count), Number(values.workers)];
  if (values.every !== undefined) return (await work(from, from + count, Number(values.every))) === 0;
  const shards = Array.from({ length: workers }, (_, nth) => worker(from + nth, count - nth, workers));
  const passed = (await Promise.all(shards)).every(Boolean);
  say(
    passed
      ? `${count} seeds from ${from} on: all as they should be`
      : 'To replay what failed: npm run simulate -- --seed N',
  );
  return passed;
}

process.exitCode = (await main()) ? 0 : 1;
