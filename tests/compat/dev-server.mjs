/**
 * `listenpost dev` for the connectors, as a user has it: the real launcher, free ports, and a client process that was
 * started with NODE_EXTRA_CA_CERTS, which Node reads only at its start.
 *
 * Importing this module runs the importing test file twice. The first process starts the server, reads from its first screen
 * which certificate to trust, and runs the same file again with that; the second, in which this module's exports exist, runs
 * the tests. The first one has no tests of its own, so what the runner sees is the second's report alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/listenpost', import.meta.url));
const DEV = ['dev', '--port', '0', '--tls-port', '0', '--admin-port', '0'];
const READY = 'listenpost ready ';
const START_WITHIN_MS = 60_000;
const LISTENS_WITHIN_MS = 10_000;
/** A client that hangs fails its file alone, and leaves no server behind. The longest file packs and installs the SDK first. */
const TESTS_WITHIN_MS = 240_000;
/** Clients keep timers that nobody outside can cancel (ccxt: its next keepalive, in 20 minutes). Node 20.14 learnt the option. */
const [major, minor] = process.versions.node.split('.').map(Number);
const FORCE_EXIT = major > 20 || minor >= 14 ? ['--test-force-exit'] : [];

if (process.env.LISTENPOST_COMPAT_URLS === undefined) await runSelfWithServer();

const urls = JSON.parse(process.env.LISTENPOST_COMPAT_URLS);

/** `http://…`, for clients that take it. */
export const plainUrl = urls.http;

/** `http://…`, the admin port's. */
export const adminUrl = urls.admin;

/** `https://…`, what `basePath` of a connector is set to. */
export const restUrl = urls.https;

/** `wss://…`, what `wsURL` of a connector starts with. */
export const wsUrl = urls.https.replace(/^https/, 'wss');

/** The emulator plays a scenario for the demo account. Resolves when its events are durable. */
export async function trigger(scenario, scope, parameters = {}) {
  return callAdmin(`/trigger/${scenario}`, { account: 'demo', scope, ...parameters });
}

/** One event of the demo account, as it stands. Resolves when it is durable. */
export async function publish(scope, event) {
  return callAdmin('/events', { account: 'demo', scope, event });
}

/** What the demo account's stream holds, oldest first: `{ position, event }`. */
export async function journal(scope) {
  return (await callAdmin(`/streams/demo/${scope}/events?limit=1000`)).events;
}

/** Ends the connection that was opened last, as an operator would. */
export async function endLastSession() {
  const { sessions } = await callAdmin('/sessions');
  return callAdmin(`/sessions/${sessions.at(-1).id}`, undefined, 'DELETE');
}

/** Every timer of the server follows; resolves when all that fell due has happened. */
export async function advanceClock(duration) {
  return callAdmin('/clock', { advance: duration });
}

/** Connections that are open, oldest first. */
export async function openSessions() {
  return (await callAdmin('/sessions')).sessions;
}

/** Sets a fault; its row. */
export async function setFault(fault, more = {}) {
  return callAdmin('/faults', { fault, ...more });
}

/** Ends every fault that is set. */
export async function removeFaults() {
  return callAdmin('/faults', undefined, 'DELETE');
}

/** What passed between the clients and the server, as its request journal has it. */
export async function passed(query = '') {
  return (await callAdmin(`/journal${query}`)).entries;
}

/** Resolves once a socket reads the demo account's stream: for clients that do not say when they listen. */
export async function listening(scope) {
  const deadline = Date.now() + LISTENS_WITHIN_MS;
  for (;;) {
    const { keys } = await callAdmin('/keys?account=demo');
    if (keys.some((key) => key.scope === scope && key.subscriptions > 0)) return;
    if (Date.now() > deadline) throw new Error(`nobody listened to demo/${scope} within ${LISTENS_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A call of the admin API, by its path under `/admin/v1`; without a method a body is posted. Throws what was refused. */
export async function callAdmin(path, body, method = body === undefined ? 'GET' : 'POST') {
  const response = await fetch(`${urls.admin}/admin/v1${path}`, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /admin/v1${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Another server for a test to end, of `dev` trusted by the same certificate: its process and its URLs. */
export async function startAnother(args = DEV) {
  const server = spawnServer(args);
  return { server, urls: JSON.parse((await readiness(server)).urls) };
}

function spawnServer(args = DEV) {
  const server = spawn(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(server);
  return server;
}

async function runSelfWithServer() {
  const server = spawnServer();
  const { urls, caFile, said } = await readiness(server);
  if (caFile === undefined) throw new Error(`no NODE_EXTRA_CA_CERTS line on the first screen:\n${said}`);
  const client = spawn(process.execPath, [...FORCE_EXIT, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile, LISTENPOST_COMPAT_URLS: urls, LOG_LEVEL: 'error' },
  });
  endWithUs(client);
  const timer = setTimeout(() => {
    process.stderr.write(`the tests did not end within ${TESTS_WITHIN_MS / 1000} s\n`);
    client.kill('SIGKILL');
  }, TESTS_WITHIN_MS);
  const [code] = await once(client, 'exit');
  clearTimeout(timer);
  server.kill('SIGTERM');
  const [serverCode] = await once(server, 'exit');
  if (serverCode !== 0) process.stderr.write(`listenpost dev ended with exit code ${serverCode}\n`);
  process.exit(code === 0 && serverCode === 0 ? 0 : 1);
}

function endWithUs(child) {
  process.once('exit', () => child.kill('SIGTERM'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
}

/** What the server says of itself: the ready line on stdout, the certificate on the first screen. */
async function readiness(server) {
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const timer = setTimeout(() => server.kill('SIGKILL'), START_WITHIN_MS);
  for await (const line of createInterface({ input: server.stdout })) {
    if (!line.startsWith(READY)) continue;
    clearTimeout(timer);
    server.stdout.resume();
    const caFile = /NODE_EXTRA_CA_CERTS="?([^"\n]+)/.exec(said)?.[1];
    return { urls: line.slice(READY.length), caFile, said };
  }
  throw new Error(`listenpost did not become ready within ${START_WITHIN_MS / 1000} s:\n${said}`);
}
