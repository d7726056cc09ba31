import { describe, expect, test } from 'bun:test';
import { inspect } from 'node:util';
import { accountSchema, accountSpecOf } from './account-schema.ts';
import { DEMO_ED25519_PUBLIC_KEY } from './demo.ts';
import { printed, problemsOf } from './problems.ts';

const account = {
  id: 'alice',
  apiKeys: [
    { apiKey: 'key-1', type: 'HMAC', secret: 'secret-1' },
    {
      apiKey: 'key-2',
      type: 'ED25519',
      publicKey: DEMO_ED25519_PUBLIC_KEY,
      permissions: ['enableFutures'],
      ipAllowList: ['127.0.0.1', '10.0.0.0/8'],
    },
  ],
  scopes: ['usdm', 'isolated:BTCUSDT'],
};

const problemsWith = (document: unknown) => {
  const parsed = accountSchema.safeParse(document);
  return parsed.success ? [] : problemsOf(parsed.error).map(printed);
};

describe('accountSpecOf', () => {
  test('gives what core takes, with secrets that do not print', () => {
    const spec = accountSpecOf(accountSchema.parse(account));
    expect(spec.id).toBe('alice');
    expect(spec.scopes).toEqual(['usdm', 'isolated:BTCUSDT']);
    const [hmac, ed25519] = spec.apiKeys;
    expect(hmac?.apiKey.reveal()).toBe('key-1');
    expect(hmac?.type === 'HMAC' && hmac.secret.reveal()).toBe('secret-1');
    expect(hmac !== undefined && 'permissions' in hmac).toBe(false);
    expect(ed25519?.type === 'ED25519' && ed25519.publicKey).toBe(DEMO_ED25519_PUBLIC_KEY.trim());
    expect(ed25519?.permissions).toEqual(['enableFutures']);
    expect(`${JSON.stringify(spec)}${inspect(spec, { depth: 9 })}`).not.toMatch(/key-1|secret-1/);
  });

  test('leaves absent what was absent', () => {
    expect(accountSpecOf(accountSchema.parse({ id: 'a', apiKeys: [] }))).toEqual({ id: 'a', apiKeys: [] });
  });
});

describe('accountSchema refuses', () => {
  const key = (change: object) => ({ ...account, apiKeys: [{ ...account.apiKeys[0], ...change }] });

  test.each([
    ['no object', 7, 'expected an object with "id", "apiKeys", "scopes"'],
    ['no id', { apiKeys: [] }, 'id: missing; expected a text'],
    ['an id with a slash', { ...account, id: 'a/b' }, 'id: got "a/b"; expected 1 to 64 of A-Z a-z 0-9 . _ -'],
    ['an unknown key', { ...account, scope: [] }, 'scope: unknown key; did you mean "scopes"?'],
    ['an unknown scope', { ...account, scopes: ['usd-m'] }, 'scopes[0]: got "usd-m"; expected one of "usdm"'],
    ['a wildcard for symbols', { ...account, scopes: ['isolated:*'] }, 'scopes[0]: got "isolated:*"'],
    ['an unknown type', key({ type: 'hmac' }), 'apiKeys[0].type: got "hmac"; expected "HMAC"'],
    ['a key that is no object', { ...account, apiKeys: ['x'] }, 'apiKeys[0]: expected an object'],
    ['no API key', key({ apiKey: undefined }), 'apiKeys[0].apiKey: missing; expected a text'],
    ['a blank in an API key', key({ apiKey: 'a b' }), 'apiKeys[0].apiKey: expected 1 to 128 visible ASCII'],
    ['an empty secret', key({ secret: '' }), 'apiKeys[0].secret: the HMAC secret is empty'],
    ['a public key for HMAC', key({ publicKey: 'x' }), 'apiKeys[0].publicKey: unknown key'],
    ['a permission', key({ permissions: ['enableFuture'] }), 'did you mean "enableFutures"?'],
    ['an address', key({ ipAllowList: ['10.0.0.0/33'] }), 'apiKeys[0].ipAllowList[0]: got "10.0.0.0/33"; expected an'],
    ['a file, over the network', key({ secret: { file: '/etc/passwd' } }), 'are taken in the config file only'],
  ])('%s', (_, document, problem) => {
    expect(problemsWith(document).join('\n')).toContain(problem);
    expect(problemsWith(document)).toHaveLength(1);
  });

  test('a PEM that is none, of the type it is given for', () => {
    const document = { id: 'a', apiKeys: [{ apiKey: 'k', type: 'RSA', publicKey: DEMO_ED25519_PUBLIC_KEY }] };
    expect(problemsWith(document)).toEqual([
      "apiKeys[0].publicKey: this PEM holds a key of type ed25519, but the API key's type is RSA; change the type or give the other key",
    ]);
  });

  test('every fault at once', () => {
    expect(problemsWith({ id: '', apiKeys: [{ type: 'RSA' }, 7], scopes: 'all' })).toHaveLength(5);
  });
});
