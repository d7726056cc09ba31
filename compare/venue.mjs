/** The venue of a comparison: `listenpost dev` as a process that can be killed and started again, with an account for each client. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bunBinary, ROOT } from '../scripts/toolchain.mjs';

const READY = 'listenpost ready ';
const MAIN = join(ROOT, 'packages/server/src/main.ts');
const CONFORMANCE = join(ROOT, 'tests/conformance');

const text64 = () => randomBytes(48).toString('base64url');

/** What its client signs with: an HMAC key, and an Ed25519 key for logons. */
export function newAccount(id) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { id, hmac: { apiKey: text64(), apiSecret: text64() }, ed25519: { apiKey: text64(), privateKey }, publicKey };
}

const specOf = ({ id, hmac, ed25519, publicKey }) => ({
  id,
  apiKeys: [
    { type: 'HMAC', apiKey: hmac.apiKey, secret: hmac.apiSecret },
    { type: 'ED25519', apiKey: ed25519.apiKey, publicKey },
  ],
});

export class VenueProcess {
  #folder = mkdtempSync(join(tmpdir(), 'listenpost-compare-'));
  #process;
  #urls;
  #movedMs = 0;

  static async start(accounts) {
    const venue = new VenueProcess();
    writeFileSync(join(venue.#folder, 'config.json'), JSON.stringify({ accounts: accounts.map(specOf) }));
    process.once('exit', () => {
      venue.#process?.kill('SIGKILL');
      rmSync(venue.#folder, { recursive: true, force: true });
    });
    await venue.startAgain();
    return venue;
  }

  /** On the ports and the data that it had. */
  async startAgain() {
    const portOf = (url) => (url === undefined ? '0' : new URL(url).port);
    const { http, https, admin } = this.#urls ?? {};
    const folder = this.#folder;
    const ports = ['--port', portOf(http), '--tls-port', portOf(https), '--admin-port', portOf(admin)];
    const settings = [
      '--config',
      join(folder, 'config.json'),
      '--data',
      join(folder, 'data'),
      '--drain',
      '3',
      '--log-level',
      'error',
    ];
    const args = ['--no-env-file', '--no-install', MAIN, 'dev', ...ports, ...settings];
    this.#process = spawn(bunBinary(), args, { stdio: ['ignore', 'pipe', 'ignore'] });
    for await (const line of createInterface({ input: this.#process.stdout })) {
      if (!line.startsWith(READY)) continue;
      this.#urls = JSON.parse(line.slice(READY.length));
      this.#process.stdout.resume();
      return;
    }
    throw new Error('listenpost dev did not start');
  }

  get port() {
    return Number(new URL(this.#urls.http).port);
  }

  get adminUrl() {
    return this.#urls.admin;
  }

  get caFile() {
    return join(this.#folder, 'data', 'tls', 'ca.pem');
  }

  /** Its certificate and its key, in one text. */
  get pem() {
    return readFileSync(join(this.#folder, 'data', 'tls', 'server.pem'), 'utf8');
  }

  async ended(signal) {
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }

  async remove() {
    await this.ended('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** By its own clock. */
  get now() {
    return Date.now() + this.#movedMs;
  }

  /** By about so much: its clock stands while it waits for pongs. Answers by how much, beside the machine's. */
  async advance(ms) {
    const { now } = await this.#admin('/clock', JSON.stringify({ advance: ms }));
    const before = this.#movedMs;
    this.#movedMs = now - Date.now();
    return this.#movedMs - before;
  }

  /** One event for each of these streams, all or none; resolves when they are durable. Waits for a venue that is down. */
  async publish(events) {
    const key = randomUUID();
    const body = events.map((event) => JSON.stringify(event)).join('\n');
    for (;;) {
      try {
        return await this.#admin('/events', body, { 'content-type': 'application/x-ndjson', 'idempotency-key': key });
      } catch (error) {
        if (error.refused) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #admin(path, body, headers = {}) {
    const response = await fetch(`${this.adminUrl}/admin/v1${path}`, { method: 'POST', body, headers });
    if (response.ok) return response.json();
    const error = new Error(`POST /admin/v1${path}: ${response.status} ${await response.text()}`);
    // 503: it stops, and takes nothing any more.
    error.refused = response.status !== 503;
    throw error;
  }
}

/** The fixture's first case that fits. */
function sample(product, name, fits = () => true) {
  const { cases } = JSON.parse(readFileSync(join(CONFORMANCE, product, `${name}.json`), 'utf8'));
  return cases.map(({ event }) => event).find(fits);
}

/** By scope: a fill that says its number in its client order id, and what it did to the account. */
const FILLS = {
  usdm: (name, number, at) => {
    const order = sample('usdm', 'ORDER_TRADE_UPDATE', ({ o }) => o.x === 'TRADE');
    const o = { ...order.o, c: name, i: 1_000_000 + number, t: 1_000_000 + number, T: at };
    return [
      { ...sample('usdm', 'ACCOUNT_UPDATE', ({ a }) => a.m === 'ORDER'), E: at, T: at },
      { ...order, E: at, T: at, o },
    ];
  },
  spot: (name, number, at) => walletFill('spot', name, number, at),
  margin: (name, number, at) => walletFill('margin', name, number, at),
};

function walletFill(product, name, number, at) {
  const order = sample(product, 'executionReport', ({ x }) => x === 'TRADE');
  const ids = { c: name, i: 1_000_000 + number, I: 5_000_000 + number, t: 1_000_000 + number };
  return [
    { ...order, ...ids, E: at, T: at, O: at, W: at },
    { ...sample(product, 'outboundAccountPosition'), E: at, u: at },
  ];
}

/** `stream`: index of the stream among those of its client; the client order id tells whose and which. */
export function numbered({ account, scope, stream }, number, at) {
  return FILLS[scope](`n-${stream}-${number}`, number, at).map((event) => ({ account, scope, event }));
}
