/**
 * `npm run bench -- [--quick] [--only CASE,…]`: starts the server, drives it, prints what it measured. See README.md here.
 */
import { appendFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case, Context } from './case.ts';
import { client } from './cases/client.ts';
import { connections } from './cases/connections.ts';
import { listenKeys } from './cases/listen-keys.ts';
import { listenTokens } from './cases/listen-tokens.ts';
import { pace } from './cases/pace.ts';
import { renewalStorm } from './cases/renewal-storm.ts';
import { resume } from './cases/resume.ts';
import { saturation } from './cases/saturation.ts';
import { sbeCodec } from './cases/sbe-codec.ts';
import { sbeSockets } from './cases/sbe-sockets.ts';
import { scalingConnections } from './cases/scaling-connections.ts';
import { scalingKeys } from './cases/scaling-keys.ts';
import { start } from './cases/start.ts';
import { subscriptions } from './cases/subscriptions.ts';
import { testkit } from './cases/testkit.ts';
import { canPin, pinLoad } from './load/pin.ts';
import { jsonLines, machineFacts, table } from './report.ts';
import { killServers } from './server.ts';
import { removeTemporaryFolders } from './temporary-folder.ts';

const CASES: readonly Case[] = [
  saturation,
  pace,
  connections,
  listenKeys,
  listenTokens,
  subscriptions,
  renewalStorm,
  resume,
  sbeCodec,
  client,
  sbeSockets,
  scalingConnections,
  scalingKeys,
  start,
  testkit,
];

const RESULTS = join(import.meta.dirname, 'results');

const USAGE = `npm run bench -- [options]

  --quick          shorter steps and smaller stores, in under two minutes
  --only CASE,…    only these of: ${CASES.map(({ name }) => name).join(', ')}
  --steps TEXT     of the cases saturation, pace, listen-keys and listen-tokens only steps whose name contains this
  --temp FOLDER    where data folders are made (default: the system's temporary folder)
  --profile        runs the server under Bun's profiler, and says at the end where the profiles are
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      steps: { type: 'string', default: '' },
      temp: { type: 'string' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const cases = casesOf(values.only);
  mkdirSync(RESULTS, { recursive: true });
  const context: Context = {
    quick: values.quick,
    stepsWith: values.steps,
    pinned: canPin(),
    temporaryFolder: values.temp,
    profileInto: values.profile ? mkdtempSync(join(values.temp ?? tmpdir(), 'listenpost-profiles-')) : undefined,
    progress: (text) => process.stderr.write(`  ${text}\n`),
  };
  if (context.pinned) pinLoad();
  await runAll(cases, context);
  if (context.profileInto !== undefined)
    process.stderr.write(`profiles, one for each server: ${context.profileInto}\n`);
}

async function runAll(cases: readonly Case[], context: Context): Promise<void> {
  const facts = machineFacts(context);
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '')}.json`);
  const record = (text: string) => {
    process.stdout.write(text);
    appendFileSync(file, text);
  };
  record(`${JSON.stringify({ machine: facts })}\n`);
  const tables: string[] = [];
  for (const each of cases) {
    context.progress(`${each.name}: ${each.title}`);
    const rows = await each.run(context);
    record(jsonLines(each, rows));
    tables.push(table(each, rows));
  }
  process.stdout.write(tables.join(''));
}

function casesOf(only: string | undefined): readonly Case[] {
  if (only === undefined) return CASES;
  return only.split(',').map((name) => {
    const found = CASES.find((each) => each.name === name);
    if (found === undefined) throw new Error(`--only: there is no case "${name}"\n\n${USAGE}`);
    return found;
  });
}

/** However a run ends, no server and no gigabytes stay behind. */
function leaveNothing(): void {
  killServers();
  removeTemporaryFolders();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    leaveNothing();
    process.exit(1);
  });
}

try {
  await main();
} catch (error) {
  leaveNothing();
  process.stderr.write(`the benchmark stopped: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
