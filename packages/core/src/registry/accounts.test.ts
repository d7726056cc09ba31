import { describe, expect, test } from 'bun:test';
import { PRODUCTS } from '@listenpost/protocol';
import type { Crypto } from '../crypto.ts';
import { Redacted } from '../redacted.ts';
import { apiKey, apiKeyText, signatureOf } from '../testing/memory-doors.ts';
import { AccountError, Accounts, type ApiKey } from './accounts.ts';

const crypto: Crypto = {
  verifier: (material) => {
    if (material.type !== 'HMAC' && material.publicKey === '') throw new TypeError('the public key is empty');
    return (payload, signature) => signature === signatureOf(material, payload);
  },
  equal: (left, right) => left === right,
};

const accounts = () => new Accounts(crypto, (list) => (ip) => list.includes(ip));
const one = apiKey('one', 'HMAC');
const two = apiKey('two', 'ED25519');

function keyOf(registry: Accounts, name: string): ApiKey {
  const key = registry.apiKey(apiKeyText(name));
  if (key === undefined) throw new Error(`nobody has the key ${name}`);
  return key;
}

describe('an account', () => {
  test('is found by its id and by each of its API keys', () => {
    const registry = accounts();
    const alice = registry.put({ id: 'alice', apiKeys: [one, two] });
    expect(registry.get('alice')).toBe(alice);
    expect(keyOf(registry, 'one').account).toBe(alice);
    expect(keyOf(registry, 'two').account).toBe(alice);
    expect(registry.size).toBe(1);
    expect([...registry.all()]).toEqual([alice]);
    for (const text of ['', 'one', 'toString', '__proto__']) expect(registry.apiKey(text)).toBeUndefined();
  });

  test('that is replaced keeps none of its old keys', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    const alice = registry.put({ id: 'alice', apiKeys: [two] });
    expect(registry.apiKey(apiKeyText('one'))).toBeUndefined();
    expect(keyOf(registry, 'two').account).toBe(alice);
    expect(registry.size).toBe(1);
  });

  test('that is dropped takes its keys along', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    expect(registry.drop('alice')).toBe(true);
    expect(registry.drop('alice')).toBe(false);
    expect(registry.apiKey(apiKeyText('one'))).toBeUndefined();
    registry.put({ id: 'bob', apiKeys: [one] });
    expect(keyOf(registry, 'one').account.id).toBe('bob');
  });

  test.each([
    ['a foreign key', { id: 'bob', apiKeys: [two, one] }, AccountError, 'already belongs to account "alice"'],
    ['a key twice', { id: 'bob', apiKeys: [two, two] }, AccountError, 'one of them is listed twice'],
    [
      'an unknown scope',
      { id: 'bob', apiKeys: [], scopes: ['usdm', 'moon'] },
      AccountError,
      'scopes: "moon" is no scope',
    ],
    [
      'an unreadable key',
      { id: 'bob', apiKeys: [{ apiKey: new Redacted('x'), type: 'RSA', publicKey: '' }] },
      TypeError,
      'the public key is empty',
    ],
  ] as const)('with %s is refused whole', (_title, spec, error, words) => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    const old = registry.put({ id: 'bob', apiKeys: [] });
    for (const act of [() => registry.check(spec), () => registry.put(spec)]) {
      expect(act).toThrow(error);
      expect(act).toThrow(words);
    }
    expect(registry.get('bob')).toBe(old);
    expect(keyOf(registry, 'one').account.id).toBe('alice');
    expect(registry.apiKey(apiKeyText('two'))).toBeUndefined();
  });

  test('that is only checked is not there', () => {
    const registry = accounts();
    registry.check({ id: 'alice', apiKeys: [one] });
    expect(registry.size).toBe(0);
  });

  test('tells no secret when a key of it is foreign', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    expect(() => registry.put({ id: 'bob', apiKeys: [one] })).not.toThrow(apiKeyText('one'));
  });
});

describe('an API key', () => {
  test('is in force until its account goes or is replaced without it', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    const key = keyOf(registry, 'one');
    expect(registry.current(key)).toBe(key);
    registry.put({ id: 'alice', apiKeys: [one, two] });
    expect(registry.current(key)).toBe(keyOf(registry, 'one'));
    registry.put({ id: 'alice', apiKeys: [two] });
    expect(registry.current(key)).toBeUndefined();
  });

  test('that keeps its text but gets other material is another key', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [two] });
    const before = keyOf(registry, 'two');
    registry.put({ id: 'alice', apiKeys: [{ ...two, type: 'ED25519', publicKey: 'another' }] });
    expect(registry.current(before)).toBeUndefined();
    registry.put({ id: 'alice', apiKeys: [two] });
    expect(registry.current(before)).toBe(keyOf(registry, 'two'));
  });

  test('that moved to another account is another key', () => {
    const registry = accounts();
    registry.put({ id: 'alice', apiKeys: [one] });
    const key = keyOf(registry, 'one');
    registry.drop('alice');
    registry.put({ id: 'bob', apiKeys: [one] });
    expect(registry.current(key)).toBeUndefined();
  });

  test('may do everything from everywhere unless it says what and where', () => {
    const registry = accounts();
    const limited = apiKey('limited', 'HMAC', { permissions: ['enableFutures'], ipAllowList: ['127.0.0.1'] });
    registry.put({ id: 'alice', apiKeys: [one, limited] });
    expect(keyOf(registry, 'one').permits('enableMargin')).toBe(true);
    expect(keyOf(registry, 'one').allows('203.0.113.1')).toBe(true);
    expect(keyOf(registry, 'limited').permits('enableFutures')).toBe(true);
    expect(keyOf(registry, 'limited').permits('enableMargin')).toBe(false);
    expect(keyOf(registry, 'limited').allows('127.0.0.1')).toBe(true);
    expect(keyOf(registry, 'limited').allows('203.0.113.1')).toBe(false);
  });
});

describe('scopes', () => {
  const symbols = new Set(['BTCUSDT']);

  test('are all, with the known symbols, unless named', () => {
    const alice = accounts().put({ id: 'alice', apiKeys: [] });
    expect(alice.has('usdm', PRODUCTS.usdm, symbols)).toBe(true);
    expect(alice.place('isolated:BTCUSDT', symbols)).toEqual({
      stream: 'alice/isolated:BTCUSDT',
      product: PRODUCTS.isolated,
    });
    expect(alice.place('isolated:NOSUCHCOIN', symbols)).toBeUndefined();
    expect(alice.place('moon', symbols)).toBeUndefined();
  });

  test('that are named are the only ones', () => {
    const alice = accounts().put({ id: 'alice', apiKeys: [], scopes: ['usdm', 'isolated:ETHUSDT'] });
    expect(alice.place('usdm', symbols)?.stream).toBe('alice/usdm');
    expect(alice.place('coinm', symbols)).toBeUndefined();
    expect(alice.place('isolated:ETHUSDT', symbols)?.product).toBe(PRODUCTS.isolated);
    expect(alice.place('isolated:BTCUSDT', symbols)).toBeUndefined();
  });
});

describe('numbers', () => {
  const numbersOf = (account: { number: number; apiKeys: readonly { number: number }[] } | undefined) => [
    account?.number,
    ...(account?.apiKeys ?? []).map(({ number }) => number),
  ];

  test('stay with what stays, and what is new gets one that nobody had', () => {
    const registry = accounts();
    const [one, two] = [apiKey('one', 'HMAC'), apiKey('two', 'HMAC')];
    expect(numbersOf(registry.put({ id: 'alice', apiKeys: [one, two] }))).toEqual([1, 2, 3]);
    expect(numbersOf(registry.put({ id: 'alice', apiKeys: [two], scopes: ['spot'] }))).toEqual([1, 3]);
    expect(registry.apiKeyOfNumber(2)).toBeUndefined();
    expect(numbersOf(registry.put({ id: 'alice', apiKeys: [one, two] }))).toEqual([1, 4, 3]);
    const changed = { ...one, type: 'HMAC' as const, secret: new Redacted('another') };
    expect(numbersOf(registry.put({ id: 'alice', apiKeys: [changed, two] }))).toEqual([1, 5, 3]);
    registry.drop('alice');
    expect(registry.apiKeyOfNumber(3)).toBeUndefined();
    expect(numbersOf(registry.put({ id: 'alice', apiKeys: [two] }))).toEqual([6, 7]);
  });

  test('go on where the last process stopped', () => {
    const registry = accounts();
    registry.restoreNextNumber(40);
    registry.put({ id: 'alice', apiKeys: [apiKey('one', 'HMAC')] }, { account: 7, apiKeys: [9] });
    expect(registry.apiKeyOfNumber(9)?.account.number).toBe(7);
    expect(numbersOf(registry.put({ id: 'bob', apiKeys: [] }))).toEqual([40]);
    registry.restoreNextNumber(2 ** 32);
    expect(() => registry.put({ id: 'carol', apiKeys: [] })).toThrow('numbers of accounts and keys are used');
  });

  test('of a check are given to nobody', () => {
    const registry = accounts();
    registry.check({ id: 'alice', apiKeys: [apiKey('one', 'HMAC')] });
    expect(registry.nextNumber).toBe(1);
  });

  test('who is told of a change hears of each once', () => {
    const registry = accounts();
    const heard: string[] = [];
    registry.onChanged((id) => heard.push(id));
    registry.put({ id: 'alice', apiKeys: [] });
    registry.put({ id: 'alice', apiKeys: [] });
    registry.drop('alice');
    registry.drop('alice');
    expect(heard).toEqual(['alice', 'alice', 'alice']);
  });
});
