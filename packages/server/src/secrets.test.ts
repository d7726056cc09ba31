import { describe, expect, test } from 'bun:test';
import { Redacted, TOKEN_PAYLOAD_BYTES } from '@listenpost/core';
import { createSecretBox, makeSecrets, type Secrets, SecretsError } from './secrets.ts';

const value = (letter: string) => new Redacted(letter.repeat(64));
const first: Secrets = { current: { id: 'k1', value: value('a') }, previous: [] };
const rotated: Secrets = { current: { id: 'k2', value: value('b') }, previous: [first.current] };
const box = createSecretBox(first);

describe('deriveListenKey', () => {
  test('is the same for the same input, in any process and at any time', () => {
    expect(box.deriveListenKey('k1', 'salt', 'alice/usdm', 64)).toBe(
      'dXIm6CBV0VNpkx3R4oGEcydUOxiJKQCK9u4OHnO8CDDw39ZQiOYtGQrdDM4ih5p2',
    );
    expect(box.deriveListenKey('k1', 'salt', 'alice/risk', 44)).toBe('Sn8XJd4kHmGoyTdxvM7W0EBmaN8sSS0I1a9ACUvRUgTl');
  });

  test('changes with secret, salt, stream and length, and inputs do not run into each other', () => {
    const both = createSecretBox(rotated);
    const keys = [
      both.deriveListenKey('k1', 'salt', 'alice/usdm', 64),
      both.deriveListenKey('k2', 'salt', 'alice/usdm', 64),
      both.deriveListenKey('k1', 'salu', 'alice/usdm', 64),
      both.deriveListenKey('k1', 'salt', 'alice/coinm', 64),
      both.deriveListenKey('k1', 'salt:', 'alice/usdm', 64),
      both.deriveListenKey('k1', 'salt', ':alice/usdm', 64),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(both.deriveListenKey('k1', 'salt', 'alice/usdm', 64).startsWith(keyOf44(both))).toBe(false);
  });

  test.each([1, 44, 60, 64, 200])('gives %d characters of A-Z a-z 0-9', (length) => {
    expect(box.deriveListenKey('k1', 's', 'alice/usdm', length)).toMatch(new RegExp(`^[A-Za-z0-9]{${length}}$`));
  });

  test('uses every character evenly: chi-squared over 62 letters stays below its 0.999999 quantile', () => {
    const counts = new Map<string, number>();
    const keys = 2000;
    for (let salt = 0; salt < keys; salt += 1) {
      for (const letter of box.deriveListenKey('k1', `${salt}`, 'alice/usdm', 64)) {
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(62);
    const expected = (keys * 64) / 62;
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 61 degrees of freedom. Without rejection the first eight letters would come a quarter too often: several hundred.
    expect(chiSquared).toBeLessThan(125);
  });
});

describe('lookupOf', () => {
  test('gives 22 characters of base64url that depend on the secret', () => {
    const both = createSecretBox(rotated);
    expect(both.lookupOf('k1', 'key')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(both.lookupOf('k1', 'key')).toBe('PXQHXvEEuTnQwQMrx3aZpc');
    expect(both.lookupOf('k2', 'key')).not.toBe(box.lookupOf('k1', 'key'));
  });
});

describe('seal and open', () => {
  test('give the text back and differ on each call', () => {
    const sealed = box.seal('{"id":"币安"}', 'alice');
    expect(sealed).toStartWith('s1.k1.');
    expect(box.open(sealed, 'alice')).toBe('{"id":"币安"}');
    expect(box.seal('{"id":"币安"}', 'alice')).not.toBe(sealed);
    expect(box.open(box.seal('', 'alice'), 'alice')).toBe('');
  });

  test('open what a previous secret sealed, and seal with the current one', () => {
    const both = createSecretBox(rotated);
    expect(both.open(box.seal('text', 'alice'), 'alice')).toBe('text');
    expect(both.seal('text', 'alice')).toStartWith('s1.k2.');
    expect(both.secretIds).toEqual(['k2', 'k1']);
    expect(both.currentSecretId).toBe('k2');
  });

  test('refuse a text of another row', () => {
    expect(() => box.open(box.seal('text', 'alice'), 'bob')).toThrow('moved from another row');
  });

  test('refuse every altered character', () => {
    const sealed = box.seal('text', 'alice');
    for (let index = 0; index < sealed.length; index += 1) {
      const other = sealed[index] === 'A' ? 'B' : 'A';
      const altered = sealed.slice(0, index) + other + sealed.slice(index + 1);
      // The last character of base64url holds bits that decode to nothing.
      if (index < sealed.length - 1) expect(() => box.open(altered, 'alice')).toThrow(SecretsError);
    }
    for (const short of ['', 's1', 's1.k1', 's1.k1.', 's1.k1.AAAA', `${sealed}.x`, sealed.slice(0, -4)]) {
      expect(() => box.open(short, 'alice')).toThrow(SecretsError);
    }
  });

  test('name the secret that is missing', () => {
    const other = createSecretBox({ current: { id: 'k9', value: value('z') }, previous: [] });
    expect(() => other.open(box.seal('text', 'alice'), 'alice')).toThrow('"k1", which is not configured; add it to');
  });
});

describe('listenTokens', () => {
  const payload = Uint8Array.from({ length: TOKEN_PAYLOAD_BYTES }, (_, index) => index * 13);

  test('are 70 characters of base64, another each time, and open to what was sealed', () => {
    const [one, two] = [box.sealToken(payload), box.sealToken(payload)];
    for (const token of [one, two]) {
      expect(token).toMatch(/^[A-Za-z0-9+/]{70}$/);
      expect([...(box.openToken(token) ?? [])]).toEqual([...payload]);
    }
    expect(one).not.toBe(two);
  });

  test('open in any process with their secret, the current or a previous one, and in no other', () => {
    const token = box.sealToken(payload);
    expect(createSecretBox(first).openToken(token)).toBeDefined();
    expect(createSecretBox(rotated).openToken(token)).toBeDefined();
    expect(createSecretBox({ current: rotated.current, previous: [] }).openToken(token)).toBeUndefined();
    expect(box.openToken(createSecretBox(rotated).sealToken(payload))).toBeUndefined();
    const samePlace = createSecretBox({ current: { id: 'k1', value: value('c') }, previous: [] });
    expect(samePlace.openToken(token)).toBeUndefined();
  });

  test('with any bit turned open to nothing', () => {
    const bytes = Buffer.from(box.sealToken(payload), 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(box.openToken(forged.toString('base64').slice(0, 70))).toBeUndefined();
    }
  });

  test('have one spelling', () => {
    const token = box.sealToken(payload);
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(token.slice(-1));
    const stray = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charAt(last + 1);
    for (const text of [token.slice(0, -1) + stray, `${token}==`, ` ${token.slice(1)}`, token.slice(0, 69), '']) {
      expect(box.openToken(text)).toBeUndefined();
    }
    const urlSafe = token.replaceAll('+', '-').replaceAll('/', '_');
    expect(box.openToken(urlSafe) === undefined).toBe(urlSafe !== token);
  });
});

describe('createSecretBox refuses', () => {
  const make = (id: string, text: string) => () =>
    createSecretBox({ current: { id, value: new Redacted(text) }, previous: [] });

  test('a short secret, without printing it', () => {
    expect(make('k1', 'hunter2')).toThrow('has fewer than 16 characters');
    expect(make('k1', 'hunter2')).not.toThrow('hunter2');
  });

  test('an id that would not print', () => {
    expect(make('k.1', 'a'.repeat(40))).toThrow('secret id "k.1"');
  });

  test('one id for two secrets', () => {
    expect(() => createSecretBox({ current: first.current, previous: [first.current] })).toThrow('two secrets have');
  });
});

test('made secrets differ and are strong', () => {
  const [one, two] = [makeSecrets(), makeSecrets()];
  expect(one.current.value.reveal()).toHaveLength(64);
  expect(one.current.value.reveal()).not.toBe(two.current.value.reveal());
});

function keyOf44(of: typeof box): string {
  return of.deriveListenKey('k1', 'salt', 'alice/usdm', 44);
}
