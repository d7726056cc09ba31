/**
 * Whoever has the data folder without secrets.json has no key: none can be read from the bytes, and no server makes one live
 * again.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSecrets } from '../../packages/server/src/secrets.ts';
import { fixtureEvent } from './fixtures.ts';
import { endPrograms, Program } from './program.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const KEY_PATHS = ['/fapi/v1/listenKey', '/dapi/v1/listenKey', '/eapi/v1/listenKey', '/papi/v1/listenKey'];
const RISK_PATH = '/sapi/v1/margin/listen-key';

const apiKeyOf = (account: string) => `${account}ApiKey`.padEnd(64, 'Q7x');
const secretOf = (account: string) => `${account}Secret`.padEnd(64, 'Zw3');
const accountOf = (id: string) => ({ id, apiKeys: [{ apiKey: apiKeyOf(id), type: 'HMAC', secret: secretOf(id) }] });

const DOCUMENT = { accounts: [accountOf('alice')], limits: 'off', journal: { segmentBytes: '64KiB' } };
const EVENT = fixtureEvent('usdm', 'ORDER_TRADE_UPDATE');

const folder = temporaryFolder();
const data = join(folder.path, 'data');
/** Every text that must not be found, by what it is. */
const secrets = new Map<string, string>();
let liveKey: string;

beforeAll(async () => {
  const { service, ...server } = await withServer();
  await service.admin('PUT', '/admin/v1/accounts/bob', { apiKeys: accountOf('bob').apiKeys });
  for (const account of ['alice', 'bob']) {
    secrets.set(`API key of ${account}`, apiKeyOf(account));
    secrets.set(`API secret of ${account}`, secretOf(account));
    for (const path of [...KEY_PATHS, RISK_PATH]) {
      const key = await service.listenKey(path, apiKeyOf(account));
      secrets.set(`listenKey of ${account} at ${path}`, key);
      await service.rest('PUT', `${path}?listenKey=${key}`, apiKeyOf(account));
    }
  }
  liveKey = secrets.get('listenKey of alice at /fapi/v1/listenKey') ?? '';
  const closed = await service.listenKey('/fapi/v1/listenKey', apiKeyOf('bob'));
  secrets.set('a closed listenKey', closed);
  await service.rest('DELETE', '/fapi/v1/listenKey', apiKeyOf('bob'));
  const peer = await service.open(`/private/stream?listenKey=${liveKey}`);
  const line = JSON.stringify({ account: 'alice', scope: 'usdm', event: EVENT });
  for (let at = 0; at < 4; at++) await service.admin('POST', '/admin/v1/events', Array(50).fill(line).join('\n'));
  expect(await peer.frame()).toMatchObject({ stream: liveKey });
  peer.drop();
  await server.killed();
  const { current } = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')) as { current: { value: string } };
  secrets.set('the secret behind them all', current.value);
});

afterAll(() => {
  endPrograms();
  folder.remove();
});

async function withServer() {
  const server = await ServerProcess.start(folder.path, { document: DOCUMENT });
  return { service: server.service, killed: () => server.killed() };
}

/** Every file of the data folder but the secrets themselves: the database, its log, the journal. */
function stolenFiles(): readonly string[] {
  const paths = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((path) => path !== 'secrets.json');
  return paths.filter((path) => statSync(join(data, path)).isFile());
}

/** The forms in which a text may stand in a file: plain, in the usual encodings, or hashed by nothing but a hash. */
function formsOf(text: string): ReadonlyMap<string, Buffer> {
  const digest = createHash('sha256').update(text).digest();
  const forms = new Map<string, Buffer>([
    ['plain', Buffer.from(text)],
    ['UTF-16', Buffer.from(text, 'utf16le')],
    ['hex', Buffer.from(Buffer.from(text).toString('hex'))],
    ['HEX', Buffer.from(Buffer.from(text).toString('hex').toUpperCase())],
    ['SHA-256', digest],
    ['SHA-256 in hex', Buffer.from(digest.toString('hex'))],
    ['SHA-256 in base64', Buffer.from(digest.toString('base64').replace(/=+$/, ''))],
    ['SHA-256 in base64url', Buffer.from(digest.toString('base64url'))],
  ]);
  for (const encoding of ['base64', 'base64url'] as const) {
    // Inside a longer text it may begin at any of three places of a group, and its own first and last letters are then mixed
    // with their neighbours.
    for (const before of [0, 1, 2]) {
      const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]).toString(encoding);
      forms.set(`${encoding} from ${before}`, Buffer.from(encoded.slice(4, -4)));
    }
  }
  return forms;
}

function found(bytes: Buffer): readonly string[] {
  const places: string[] = [];
  for (const [what, text] of secrets) {
    for (const [form, wanted] of formsOf(text)) if (bytes.includes(wanted)) places.push(`${what}, ${form}`);
  }
  return places;
}

describe('the bytes', () => {
  test('are the database with its log, and the journal', () => {
    const names = stolenFiles().join(' ');
    expect(names).toMatch(/registry\.sqlite\b.*registry\.sqlite-wal\b/);
    const all = Buffer.concat(stolenFiles().map((path) => readFileSync(join(data, path))));
    expect(all.includes('alice/usdm')).toBe(true);
    expect(all.includes(JSON.stringify(EVENT))).toBe(true);
    expect(readFileSync(join(data, 'registry.sqlite-wal')).length).toBeGreaterThan(0);
  });

  test('hold no listenKey, API key or secret, in no form', () => {
    for (const path of stolenFiles()) expect([path, found(readFileSync(join(data, path)))]).toEqual([path, []]);
  });

  test('would be found out if they did', () => {
    const sealedBadly = Buffer.from(`{"key":"${liveKey}"}`).toString('base64');
    expect(found(Buffer.from(sealedBadly))).toHaveLength(2);
    expect(found(Buffer.from(`x${liveKey}x`))).toHaveLength(1);
    expect(found(readFileSync(join(data, 'secrets.json')))).toContain('the secret behind them all, plain');
  });
});

describe('a server on the stolen folder', () => {
  let thefts = 0;

  /** A copy with other secrets of the given id, or with none, so that the server makes its own. */
  function stolen(secretId: string | undefined): string {
    const thief = join(folder.path, `thief${++thefts}`);
    cpSync(data, join(thief, 'data'), { recursive: true });
    rmSync(join(thief, 'data', 'secrets.json'));
    if (secretId === undefined) return thief;
    const { current } = makeSecrets(secretId);
    const text = JSON.stringify({ current: { id: current.id, value: current.value.reveal() } });
    writeFileSync(join(thief, 'data', 'secrets.json'), text, { mode: 0o600 });
    return thief;
  }

  test.each([undefined, 'k1', 'k2'])('with secrets of its own (id %p) does not start', async (secretId) => {
    const thief = stolen(secretId);
    const config = join(thief, 'listenpost.json');
    writeFileSync(config, JSON.stringify(DOCUMENT));
    const ports = ['--port', '0', '--admin-port', '0'];
    const { code, stdout, stderr } = await Program.run([
      'serve',
      '--config',
      config,
      '--data',
      join(thief, 'data'),
      ...ports,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^listenpost: .*secret.*\n$/);
  });

  test.each(['k1', 'k2'])('whose thief takes the accounts out of it (id %p) has no live key', async (secretId) => {
    const thief = stolen(secretId);
    const database = new Database(join(thief, 'data', 'registry.sqlite'));
    database.run('DELETE FROM accounts');
    database.run('DELETE FROM settings');
    database.close();
    const { program, service } = await ServerProcess.start(thief, { document: DOCUMENT });
    const victim = await service.open(`/private/ws/${liveKey}`);
    await service.publish('usdm', EVENT, 'alice');
    expect(await victim.unread(() => victim.ping())).toEqual([]);
    for (const path of KEY_PATHS) {
      const key = await service.listenKey(path, apiKeyOf('alice'));
      expect([...secrets.values()]).not.toContain(key);
    }
    expect(program.stderr).toBe('');
    await service.close();
  });
});
