/**
 * What an event costs its reader, on Node: the SDK in JSON and SBE, with and without positions, beside the official connector on
 * the same server's same frames.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET } from '../../packages/server/src/config/demo.ts';
import { type Case, type Context, type Figures, medians, type Row, rowsOf } from '../case.ts';
import { inTemporaryFolder } from '../temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..', '..');

interface Reader {
  readonly name: string;
  readonly connector?: true;
  readonly format?: 'json' | 'sbe';
  readonly resume?: boolean;
}

const READERS: readonly Reader[] = [
  { name: 'official connector, JSON', connector: true },
  { name: 'SDK, JSON', format: 'json', resume: false },
  { name: 'SDK, JSON, with positions', format: 'json', resume: true },
  { name: 'SDK, SBE', format: 'sbe', resume: false },
];

/** A round must not fill the young generation: at most some 20 KiB an event are expected. */
const YOUNG_GENERATION_MIB = 512;
const EVENTS_PER_REQUEST = 64;

interface Urls {
  readonly https: string;
  readonly admin: string;
}

function run(context: Context): Promise<Row[]> {
  return inTemporaryFolder(context, async (folder) => {
    const sdk = await bundled(folder);
    const flags = ['dev', '--data', join(folder, 'data'), '--port', '0', '--tls-port', '0', '--admin-port', '0'];
    const emulator = spawn(join(ROOT, 'bin', 'listenpost'), flags, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const urls = await readyUrls(emulator);
      const ca = join(folder, 'data', 'tls', 'ca.pem');
      const [warmUp, count, rounds] = context.quick ? [2000, 4000, 1] : [10_000, 20_000, 3];
      return await rowsOf(context, READERS, async (reader) => {
        const measured: Figures[] = [];
        for (let round = 0; round < rounds; round++) {
          measured.push(await read({ reader, urls, sdk, ca, warmUp, count }));
        }
        return { step: reader.name, figures: medians(measured) };
      });
    } finally {
      emulator.kill('SIGTERM');
    }
  });
}

/** As a user's bundler makes it: one file each, nothing but `ws` left outside. */
async function bundled(folder: string): Promise<{ index: string; sbe: string }> {
  const source = join(ROOT, 'packages', 'client', 'src');
  const { success, logs } = await Bun.build({
    entrypoints: [join(source, 'index.ts'), join(source, 'wire', 'sbe.ts')],
    outdir: folder,
    naming: '[name].mjs',
    target: 'node',
  });
  if (!success) throw new Error(`the SDK could not be bundled: ${logs.join('\n')}`);
  return { index: join(folder, 'index.mjs'), sbe: join(folder, 'sbe.mjs') };
}

async function readyUrls({ stdout }: { readonly stdout: Readable }): Promise<Urls> {
  for await (const line of createInterface({ input: stdout })) {
    if (line.startsWith('listenpost ready ')) return JSON.parse(line.slice('listenpost ready '.length)) as Urls;
  }
  throw new Error('the emulator ended before it was ready');
}

interface Round {
  readonly reader: Reader;
  readonly urls: Urls;
  readonly sdk: { readonly index: string; readonly sbe: string };
  readonly ca: string;
  readonly warmUp: number;
  readonly count: number;
}

/** Publishes what the reader shall read, once it says that it listens. */
async function read({ ca, ...round }: Round): Promise<Figures> {
  const task = JSON.stringify({ ...round, apiKey: DEMO_HMAC_API_KEY, secret: DEMO_HMAC_SECRET });
  const flags = [
    '--expose-gc',
    `--min-semi-space-size=${YOUNG_GENERATION_MIB}`,
    `--max-semi-space-size=${YOUNG_GENERATION_MIB}`,
  ];
  const child = spawn('node', [...flags, join(import.meta.dirname, '..', 'load', 'client-reader.mjs'), task], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // The connector writes its log to stdout.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca, LOG_LEVEL: 'error' },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { listening?: true; warm?: true } & Figures;
    if (said.listening) await publish(round.urls, round.warmUp);
    else if (said.warm) await publish(round.urls, round.count);
    else return said;
  }
  throw new Error(`${round.reader.name} ended before it had read its events`);
}

/** Each fill is one of its own: equal ones would be taken for the same, told twice. */
let executionId = 1;

async function publish({ admin }: Urls, count: number): Promise<void> {
  const event = fill();
  for (let left = count; left > 0; left -= EVENTS_PER_REQUEST) {
    const lines = Array.from({ length: Math.min(left, EVENTS_PER_REQUEST) }, () =>
      JSON.stringify({ account: 'demo', scope: 'spot', event: { ...event, I: ++executionId, t: executionId } }),
    );
    const response = await fetch(`${admin}/admin/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    if (!response.ok) throw new Error(`publishing was refused: ${await response.text()}`);
  }
}

/** A fill: what a bot reads most. */
function fill(): object {
  const fixtures = join(ROOT, 'tests', 'conformance', 'spot', 'executionReport.json');
  const { cases } = JSON.parse(readFileSync(fixtures, 'utf8')) as { cases: { name: string; event: object }[] };
  const found = cases.find(({ name }) => name === 'a fill');
  if (found === undefined) throw new Error('the fixture of a fill has gone');
  return found.event;
}

export const client: Case = {
  name: 'client',
  title: 'An event for its reader on Node: the SDK beside the official connector, CPU and allocation',
  run,
};
