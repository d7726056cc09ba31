import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { POOLS, PRODUCTS, SYMBOLS } from '@listenpost/protocol';
import { type Command, type Flags, loadConfig, resolveConfig } from './config.ts';
import { DEMO_ED25519_PUBLIC_KEY } from './demo.ts';
import { ConfigError } from './problems.ts';

const resolved = (document: unknown, flags: Flags = {}, command: Command = 'dev') =>
  resolveConfig({ command, flags, environment: {}, workingFolder: '/cwd', document, source: '/etc/listenpost/c.json' });

const problemsWith = (document: unknown, flags: Flags = {}, command: Command = 'dev') => {
  try {
    resolved(document, flags, command);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('defaults', () => {
  test('dev: demo accounts, silent legacy paths, its own certificate, nothing kept', () => {
    const config = resolved({});
    expect(config.accounts.map(({ id }) => id)).toEqual(['demo', 'demo2']);
    expect(config.legacyPaths).toBe('silent');
    expect(config.listen).toEqual({
      host: '127.0.0.1',
      port: 9010,
      tlsPort: 9443,
      adminHost: '127.0.0.1',
      adminPort: 9011,
      tlsNames: [],
    });
    expect(config.dataFolder).toBeUndefined();
    expect(config.secrets).toBeUndefined();
    expect(config.drainMs).toBe(10_000);
    expect(config.limits).toMatchObject({ enforced: true, pools: POOLS });
    expect(config.symbols).toEqual(SYMBOLS);
    expect(config.validation).toBe('strict');
    expect(config.expirationTimeUnit).toBe('timeUnit');
    expect(config.journal).toEqual({
      commit: 'fsync',
      segmentBytes: 64 * 2 ** 20,
      retention: { ageMs: 7 * 86_400_000, bytes: 16 * 2 ** 30 },
    });
  });

  test('serve: no accounts of its own, legacy paths deliver, https only with a certificate, a data folder', () => {
    const config = resolved({}, {}, 'serve');
    expect(config.accounts).toEqual([]);
    expect(config.legacyPaths).toBe('deliver');
    expect(config.listen.tlsPort).toBeUndefined();
    expect(config.dataFolder).toBe('/cwd/data');
  });

  test('accounts that are given replace the demo ones, also when there are none', () => {
    expect(resolved({ accounts: [] }).accounts).toEqual([]);
  });
});

describe('values', () => {
  test('of every key come out in machine form', () => {
    const config = resolved({
      validation: 'types',
      symbols: ['ETHUSDT', 'ETHUSDT', 'BTCUSD_PERP'],
      journal: { commit: 'memory', segmentBytes: '1MiB', retention: { age: '90m', bytes: '1GiB' } },
      secrets: { current: { id: 'k2', value: 'b'.repeat(32) }, previous: [{ id: 'k1', value: 'a'.repeat(32) }] },
      legacyPaths: '404',
      expirationTimeUnit: 'microseconds',
      trustedProxies: ['10.0.0.0/8'],
      admin: { tokens: [{ token: 'reader', role: 'read' }] },
      drain: 2.5,
    });
    expect(config.symbols.map(({ product, symbol }) => `${product} ${symbol}`)).toEqual([
      'spot ETHUSDT',
      'usdm ETHUSDT',
      'coinm BTCUSD_PERP',
    ]);
    expect(config.journal).toEqual({
      commit: 'memory',
      segmentBytes: 2 ** 20,
      retention: { ageMs: 5_400_000, bytes: 2 ** 30 },
    });
    expect(config.secrets?.previous[0]?.value.reveal()).toBe('a'.repeat(32));
    expect(config.admin.tokens[0]?.token.reveal()).toBe('reader');
    expect(config.drainMs).toBe(2500);
  });

  test('no secret prints, and nothing can be changed', () => {
    const config = resolved({
      secrets: { current: { id: 'k1', value: 'hush-hush-hush-hush' } },
      admin: { tokens: [{ token: 'hush-hush-hush-hush', role: 'admin' }] },
      accounts: [{ id: 'a', apiKeys: [{ apiKey: 'hush-hush', type: 'HMAC', secret: 'hush-hush' }] }],
    });
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('hush');
    expect(() => Object.assign(config.listen, { port: 1 })).toThrow(TypeError);
    expect(Object.isFrozen(config.accounts[0]?.apiKeys)).toBe(true);
  });

  test('flags override the file, and paths start where they were written', () => {
    const document = { port: 1000, tlsPort: 1001, data: 'files', tlsCert: 'c.pem', tlsKey: '/keys/k.pem', drain: 1 };
    const config = resolved(document, { port: '0', data: 'here', tlsName: ['a.test'] }, 'serve');
    expect(config.listen).toMatchObject({ port: 0, tlsPort: 1001, tlsNames: ['a.test'] });
    expect(config.listen.certificate).toEqual({ certFile: '/etc/listenpost/c.pem', keyFile: '/keys/k.pem' });
    expect(config.dataFolder).toBe('/cwd/here');
    expect(resolved(document, {}, 'serve').dataFolder).toBe('/etc/listenpost/files');
  });
});

describe('limits', () => {
  test('off counts but never refuses', () => {
    expect(resolved({ limits: 'off' }).limits).toMatchObject({ enforced: false, pools: POOLS });
  });

  test('an object overrides single rows and leaves the others', () => {
    const { limits } = resolved({
      limits: {
        pools: { futures: { limit: 4800 } },
        connections: { usdm: { streamsMax: 5, lifetime: '1h', attempts: { limit: 9, window: '1m' } } },
      },
    });
    expect(limits.pools).toEqual({ ...POOLS, futures: { ...POOLS.futures, limit: 4800 } });
    expect(limits.connections['usdm']).toEqual({
      ...PRODUCTS.usdm.connection,
      streamsMax: 5,
      lifetimeMs: 3_600_000,
      attempts: { limit: 9, windowMs: 60_000 },
    });
    expect(limits.connections['coinm']).toEqual(PRODUCTS.coinm.connection);
    expect(Object.keys(limits.connections)).toContain('ws-fapi');
  });

  test.each([
    ['of', 'limits: got "of"; expected "binance", "off" or an object'],
    [{ pools: { future: {} } }, 'limits.pools.future: unknown key; did you mean "futures"?'],
    [{ pools: { futures: { limit: 0 } } }, 'limits.pools.futures.limit: expected at least 1; to lift all limits'],
    [
      { connections: { usdm: { lifetime: '30d' } } },
      'limits.connections.usdm.lifetime: got "30d"; expected a duration',
    ],
    [{ connections: { usdm: { attempts: { limit: 1 } } } }, 'limits.connections.usdm.attempts.window: missing'],
  ])('%p is refused', (limits, problem) => {
    expect(problemsWith({ limits }).join('\n')).toContain(problem);
  });
});

describe('problems', () => {
  const hmac = (apiKey: string) => ({ apiKey, type: 'HMAC', secret: 's' });

  test('are all named, in the order of the file', () => {
    const problems = problemsWith({
      port: 'x',
      accounts: [
        { id: 'a', apiKeys: [hmac('k1'), { apiKey: 'k2', type: 'ED25519', publicKey: 'pem' }] },
        { scopes: ['x'], id: 'a', apiKeys: [hmac('k1')] },
      ],
      hots: 'y',
      validation: 'none',
    });
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(': ')))).toEqual([
      'port',
      'accounts[0].apiKeys[1].publicKey',
      'accounts[1].scopes[0]',
      'accounts[1].id',
      'accounts[1].apiKeys[0].apiKey',
      'hots',
      'validation',
    ]);
    expect(problems[1]).toContain('not a PEM public key; expected "-----BEGIN PUBLIC KEY-----…"');
    expect(problems[4]).toContain('the same API key stands at accounts[0].apiKeys[0]');
    expect(problems[5]).toContain('did you mean "host"?');
  });

  test('one account may not hold an API key twice', () => {
    const accounts = [{ id: 'a', apiKeys: [hmac('k1'), hmac('k1')] }];
    expect(problemsWith({ accounts })).toEqual([
      'accounts[0].apiKeys[1].apiKey: the same API key stands at accounts[0].apiKeys[0]; give each its own',
    ]);
  });

  test.each([
    ['null', null, {}, 'expected an object with "accounts"'],
    ['a list', [], {}, 'expected an object with "accounts"'],
    ['accounts as an object', { accounts: {} }, {}, 'accounts: got {}; expected a list'],
    ['a fractional port', { port: 1.5 }, {}, 'port: got 1.5; expected a port from 0 to 65535'],
    ['a flag', {}, { tlsPort: '70000' }, '--tls-port: got "70000"; expected a port'],
    ['a host', {}, { host: 'a b' }, '--host: got "a b"; expected an address or host name'],
    ['one port for two', { port: 9011 }, {}, 'adminPort: the same port twice'],
    ['a certificate without key', { tlsCert: 'c.pem' }, {}, 'tlsKey: missing; tlsCert needs it'],
    ['a drain of a day', {}, { drain: '86400' }, '--drain: got "86400"; expected seconds from 0 to 3600'],
    ['open admin', { adminHost: '0.0.0.0' }, {}, 'admin.tokens: missing; required because adminHost 0.0.0.0'],
    [
      'a weak token for other machines',
      { adminHost: '::', admin: { tokens: [{ token: 'abc', role: 'admin' }] } },
      {},
      'admin.tokens[0].token: has fewer than 32 characters',
    ],
    [
      'a role',
      { admin: { tokens: [{ token: 'abc', role: 'root' }] } },
      {},
      'admin.tokens[0].role: got "root"; expected',
    ],
    ['a symbol', { symbols: ['BTCUSDT', 'btc'] }, {}, 'symbols[1]: "btc" is not a symbol'],
    ['a proxy', { trustedProxies: ['proxy'] }, {}, 'trustedProxies[0]: got "proxy"; expected an address or CIDR'],
    [
      'a short secret',
      { secrets: { current: { id: 'k1', value: 'abc' } } },
      {},
      'secrets.current.value: has fewer than',
    ],
    [
      'one id for two secrets',
      {
        secrets: {
          current: { id: 'k1', value: 'a'.repeat(16) },
          previous: [
            { id: 'k0', value: 'b'.repeat(16) },
            { id: 'k1', value: 'c'.repeat(16) },
          ],
        },
      },
      {},
      'secrets.previous[1].id: the id of another secret',
    ],
    [
      'a segment of bytes',
      { journal: { segmentBytes: '1KiB' } },
      {},
      'journal.segmentBytes: got "1KiB"; expected a size',
    ],
  ])('%s', (_, document, flags, problem) => {
    const problems = problemsWith(document, flags);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test('a port for https without a certificate', () => {
    expect(problemsWith({ tlsPort: 443 }, {}, 'serve')).toEqual([
      'tlsPort: needs a certificate; give tlsCert and tlsKey',
    ]);
  });
});

describe('loadConfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'listenpost-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const load = (text: string, environment: Record<string, string> = {}) => {
    writeFileSync(join(folder, 'c.json'), text);
    return loadConfig({ command: 'serve', flags: { config: 'c.json' }, environment, workingFolder: folder });
  };

  test('reads secrets from the environment and from files beside the config', () => {
    writeFileSync(join(folder, 'pem'), DEMO_ED25519_PUBLIC_KEY);
    writeFileSync(join(folder, 'secret'), 'from a file\n');
    const config = load(
      JSON.stringify({
        accounts: [
          {
            id: 'a',
            apiKeys: [
              { apiKey: { env: 'KEY' }, type: 'HMAC', secret: { file: 'secret' } },
              { apiKey: 'k2', type: 'ED25519', publicKey: { file: join(folder, 'pem') } },
            ],
          },
        ],
      }),
      { KEY: 'from-the-environment' },
    );
    const [hmac, ed25519] = config.accounts[0]?.apiKeys ?? [];
    expect(hmac?.apiKey.reveal()).toBe('from-the-environment');
    expect(hmac?.type === 'HMAC' && hmac.secret.reveal()).toBe('from a file');
    expect(ed25519?.type === 'ED25519' && ed25519.publicKey).toBe(DEMO_ED25519_PUBLIC_KEY.trim());
  });

  test.each([
    ['{"env": "NOPE"}', 'the environment variable NOPE is not set'],
    ['{"file": "nope"}', '/nope cannot be read: '],
    ['{"file": "."}', 'cannot be read: '],
    ['{"env": "A", "file": "b"}', 'expected a text, {"env": "NAME"} or {"file": "PATH"}'],
    ['7', 'expected a text, {"env": "NAME"} or {"file": "PATH"}'],
  ])('a secret given as %s', (secret, problem) => {
    const account = `{"accounts":[{"id":"a","apiKeys":[{"apiKey":"k","type":"HMAC","secret":${secret}}]}]}`;
    expect(() => load(account)).toThrow(problem);
    expect(() => load(account)).toThrow(`${join(folder, 'c.json')}: accounts[0].apiKeys[0].secret: `);
  });

  test('says where a file stops being JSON', () => {
    expect(() => load('{\n  "port": 1,\n}')).toThrow('c.json: not valid JSON: line 3, column 1: expected a name');
  });

  test('takes a byte order mark', () => {
    expect(load('\uFEFF{"port": 7}').listen.port).toBe(7);
  });

  test('serve needs a file, and a file that is there', () => {
    expect(() => loadConfig({ command: 'serve', flags: {}, environment: {} })).toThrow('--config FILE is missing');
    const flags = { config: join(folder, 'none.json') };
    expect(() => loadConfig({ command: 'serve', flags, environment: {} })).toThrow('none.json: cannot be read: ');
  });
});
