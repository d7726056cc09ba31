/**
 * `npm run compare [-- --fault ID] [--client ID]`: the SDK beside the official connectors and ccxt, all at once under the same faults on the
 * same server. Prints the tables; a whole run also writes them to README.md and docs/compare.md, and what was counted to compare/results.json.
 */
import '../scripts/node-version.mjs';
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installMissing, ROOT, runScript, SetupError } from '../scripts/toolchain.mjs';
import { bundle } from '../tests/compat/bundle.mjs';
import { CLIENTS, versionOf } from './clients.mjs';
import { FaultProxy } from './fault-proxy.mjs';
import { FAULTS } from './faults.mjs';
import { section, withSection } from './table.mjs';
import { tally } from './tally.mjs';
import { newAccount, numbered, VenueProcess } from './venue.mjs';

const SUBJECT = fileURLToPath(new URL('./subject.mjs', import.meta.url));

const EVENT_EVERY_MS = 100;
const BEFORE_MS = 2000;
/** For what is still under way when the last event is published. */
const STRAGGLERS_MS = 2000;
const READY_WITHIN_MS = 60_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What of a client is read in a run: its streams, each with the account that it is of. */
function streamsOf(client, count) {
  const first = { account: newAccount(client.id), scope: client.product };
  if (count === 1) return [first];
  // Spot's second account on one connection is margin's: read by a token.
  const second =
    client.product === 'spot'
      ? { account: first.account, scope: 'margin' }
      : { account: newAccount(`${client.id}-2`), scope: client.product };
  return [first, second];
}

async function compare(fault, clients, sdk) {
  const subjects = clients.map((client) => ({ client, streams: streamsOf(client, fault.streams), log: [] }));
  const accounts = new Map(subjects.flatMap(({ streams }) => streams.map(({ account }) => [account.id, account])));
  const venue = await VenueProcess.start([...accounts.values()]);
  const proxy = await FaultProxy.start(venue.port, venue.pem);
  try {
    for (const subject of subjects) subject.process = start(subject, venue, proxy, sdk);
    return await underFault(fault, subjects, venue, proxy);
  } finally {
    for (const { process } of subjects) process?.kill('SIGKILL');
    proxy.close();
    await venue.remove();
  }
}

function start({ client, streams, log }, venue, proxy, sdk) {
  const setting = {
    ...client,
    sdk,
    streams,
    restUrl: `https://localhost:${proxy.port}`,
    wsUrl: `wss://localhost:${proxy.port}`,
    adminUrl: venue.adminUrl,
  };
  const child = fork(SUBJECT, {
    env: { ...process.env, COMPARE: JSON.stringify(setting), NODE_EXTRA_CA_CERTS: venue.caFile, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (entry) => log.push(entry));
  child.on('exit', () => log.push({ told: 'its process ended' }));
  return child;
}

async function underFault(fault, subjects, venue, proxy) {
  const targets = subjects.flatMap(({ streams }) =>
    streams.map(({ account, scope }, stream) => ({ account: account.id, scope, stream })),
  );
  const publish = (number) => venue.publish(targets.flatMap((target) => numbered(target, number, venue.now)));
  await allRead(subjects, publish);
  for (const { log } of subjects) log.length = 0;

  let published = 0;
  let publishing = true;
  const publisher = (async () => {
    while (publishing) {
      await publish(++published);
      await pause(EVENT_EVERY_MS);
    }
  })();
  const move = async (ms) => {
    const moveMs = await venue.advance(ms);
    for (const { process } of subjects) process.send({ moveMs });
  };
  await pause(BEFORE_MS);
  await fault.happen({ venue, proxy, move });
  await pause(fault.afterMs);
  publishing = false;
  await publisher;
  await pause(STRAGGLERS_MS);
  return Object.fromEntries(
    subjects.map(({ client, streams, log }) => [
      client.id,
      { ...tally(log, published, streams.length), told: toldOf(log) },
    ]),
  );
}

/** What its user was told, each kind once, to be looked at when a result surprises. */
const toldOf = (log) => [...new Set(log.flatMap(({ told }) => told ?? []))].slice(0, 5);

/** Events of number 0 go out until each client has shown one of each stream. */
async function allRead(subjects, publish) {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const waiting = subjects.filter(({ streams, log }) =>
      streams.some((_, index) => !log.some(({ stream }) => stream === index)),
    );
    if (waiting.length === 0) return;
    if (Date.now() > deadline) {
      const said = waiting.map(({ client, log }) => `${client.id} (${toldOf(log).join('; ') || 'told nothing'})`);
      throw new SetupError(`not every client reads after ${READY_WITHIN_MS / 1000} s: ${said.join(', ')}`);
    }
    await publish(0);
    await pause(500);
  }
}

/** The rows that are asked for; all without a word. */
function chosen(rows, ids, option) {
  const unknown = ids.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined)
    throw new SetupError(`--${option} ${unknown}: one of ${rows.map(({ id }) => id).join(', ')}`);
  return rows.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

/** What `exit` cleans up, it cleans up only where the process ends by itself. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

async function main() {
  const option = { type: 'string', multiple: true, default: [] };
  const { values } = parseArgs({
    options: { fault: option, client: option, json: { type: 'boolean', default: false } },
  });
  installMissing();
  const [faults, clients] = [chosen(FAULTS, values.fault, 'fault'), chosen(CLIENTS, values.client, 'client')];
  const sdk = bundle('packages/client/src/index.ts');
  const results = {};
  for (const fault of faults) {
    const taking = clients.filter(({ product }) => fault.products.includes(product));
    process.stderr.write(`${fault.id}: ${fault.told}\n`);
    results[fault.id] = await compare(fault, taking, sdk);
    for (const [id, counts] of Object.entries(results[fault.id]))
      process.stderr.write(`  ${id}: ${JSON.stringify(counts)}\n`);
  }
  const whole = faults.length === FAULTS.length && clients.length === CLIENTS.length;
  if (!whole) return void process.stdout.write(`${JSON.stringify(results)}\n`);
  const versions = Object.fromEntries(CLIENTS.map((client) => [client.package, versionOf(client.package)]));
  write({ node: process.version, versions, results });
}

function write(run) {
  const made = section(run);
  process.stdout.write(`${made}\n`);
  writeFileSync(join(ROOT, 'compare/results.json'), `${JSON.stringify(run, null, 2)}\n`);
  for (const name of ['README.md', 'docs/compare.md']) {
    const path = join(ROOT, name);
    writeFileSync(path, withSection(readFileSync(path, 'utf8'), made));
  }
}

await runScript(main);
