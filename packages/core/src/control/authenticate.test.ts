import { describe, expect, test } from 'bun:test';
import { PRODUCTS, type ProductId, type Security } from '@listenpost/protocol';
import type { ApiKeySpec } from '../accounts.ts';
import { apiKey, apiKeyText, refusalOf, START, signatureOf, testHouse } from '../testing/memory-doors.ts';
import { authenticate } from './authenticate.ts';
import type { Caller } from './call.ts';
import { Params } from './params.ts';
import { Session } from './session.ts';

const FAR = '203.0.113.9';
const NEAR = '127.0.0.1';

const hmac = apiKey('hmac', 'HMAC');
const ed25519 = apiKey('ed', 'ED25519');
const limited = apiKey('limited', 'HMAC', { permissions: ['enableReading'], ipAllowList: [NEAR] });

const { house } = testHouse({
  accounts: [
    { id: 'alice', apiKeys: [hmac, ed25519] },
    { id: 'carol', apiKeys: [limited] },
    { id: 'dora', apiKeys: [apiKey('dora', 'HMAC')], scopes: ['coinm'] },
  ],
});

interface Asked {
  readonly security?: Security;
  readonly product?: ProductId;
  readonly apiKey?: string;
  readonly ip?: string;
  /** The key whose session it is. */
  readonly session?: string;
  readonly params?: Readonly<Record<string, string | number>>;
}

function asked({ security = 'USER_STREAM', product = 'usdm', apiKey: key, ip = NEAR, session, params = {} }: Asked) {
  const caller: Caller = {
    ip,
    apiKey: key,
    session: session === undefined ? undefined : sessionOf(session),
    timeUnit: 'MILLISECOND',
    missingKeyError: 'API_KEY_NOT_FOUND',
    signedPayloads: (given) => ['never signed over', given.signedPayload()],
  };
  return authenticate(house, security, PRODUCTS[product], caller, Params.ofJson(params));
}

function sessionOf(text: string): Session {
  const traits = {
    connectedSince: START,
    returnRateLimits: true,
    timeUnit: 'MILLISECOND',
    subscriptions: undefined,
  } as const;
  const session = new Session(traits);
  const logon = house.accounts.apiKey(text);
  if (logon === undefined) throw new Error('nobody logs on with an API key that is not there');
  session.logon(logon, START);
  return session;
}

const refused = (request: Asked) => refusalOf(() => asked(request));

/** The params with the signature that this key makes over them. */
function signed(spec: ApiKeySpec, params: Readonly<Record<string, string | number>> = {}) {
  const whole = { apiKey: spec.apiKey.reveal(), timestamp: START, ...params };
  return { ...whole, signature: signatureOf(spec, Params.ofJson(whole).signedPayload()) };
}

describe('who calls', () => {
  test('nobody needs to be known where security is NONE', () => {
    expect(asked({ security: 'NONE', apiKey: 'nonsense' })).toBeUndefined();
  });

  test('an API key is enough for USER_STREAM', () => {
    expect(asked({ apiKey: apiKeyText('hmac') })?.account.id).toBe('alice');
  });

  test('without an API key of its own a request is its session’s', () => {
    expect(asked({ session: apiKeyText('ed') })?.spec).toBe(ed25519);
    expect(asked({ session: apiKeyText('ed'), apiKey: apiKeyText('limited'), product: 'spot' })?.spec).toBe(limited);
  });

  test('without either it is refused in the words of its door', () => {
    expect(refused({})).toBe('API_KEY_NOT_FOUND');
    expect(refused({ security: 'SIGNED', params: signed(hmac) })).toBe('API_KEY_NOT_FOUND');
  });

  test.each(['', 'short', apiKeyText('hmac').slice(1), `${apiKeyText('x').slice(1)}-`, `${apiKeyText('x')}0`])(
    '%p is malformed',
    (key) => {
      expect(refused({ apiKey: key })).toBe('BAD_API_KEY_FMT');
    },
  );

  test('a well-formed key that nobody has is rejected', () => {
    expect(refused({ apiKey: apiKeyText('stranger') })).toBe('REJECTED_MBX_KEY');
  });
});

describe('what the key may do', () => {
  const key = apiKeyText('limited');

  test('its permissions must name the product’s', () => {
    expect(refused({ apiKey: key, product: 'spot' })).toBeUndefined();
    expect(refused({ apiKey: key, product: 'usdm' })).toBe('REJECTED_MBX_KEY');
  });

  test('the caller’s address must be in its list', () => {
    expect(refused({ apiKey: key, product: 'spot', ip: FAR })).toBe('REJECTED_MBX_KEY');
    expect(refused({ apiKey: apiKeyText('hmac'), ip: FAR })).toBeUndefined();
  });

  test('the account must have the scope', () => {
    expect(refused({ apiKey: apiKeyText('dora'), product: 'coinm' })).toBeUndefined();
    expect(refused({ apiKey: apiKeyText('dora'), product: 'usdm' })).toBe('REJECTED_MBX_KEY');
  });
});

describe('a signature', () => {
  const key = apiKeyText('hmac');

  test('is checked where the method asks for one', () => {
    expect(asked({ security: 'SIGNED', apiKey: key, params: signed(hmac) })?.spec).toBe(hmac);
    expect(refused({ security: 'SIGNED', apiKey: key, params: { ...signed(hmac), signature: 'x' } })).toBe(
      'INVALID_SIGNATURE',
    );
    expect(refused({ security: 'SIGNED', apiKey: key, params: { ...signed(hmac), added: 1 } })).toBe(
      'INVALID_SIGNATURE',
    );
  });

  test('made by another of the account’s keys is not valid', () => {
    expect(refused({ security: 'SIGNED', apiKey: key, params: { ...signed(ed25519), apiKey: key } })).toBe(
      'INVALID_SIGNATURE',
    );
  });

  test('of which only half came is ignored where none is needed', () => {
    const { signature, timestamp } = signed(hmac);
    for (const params of [{ signature }, { timestamp }, { signature: 'x' }, { timestamp: 'x' }, { recvWindow: 'x' }]) {
      expect(refused({ apiKey: key, params })).toBeUndefined();
    }
  });

  test('that came complete is checked also where none is needed', () => {
    expect(refused({ apiKey: key, params: signed(hmac) })).toBeUndefined();
    expect(refused({ apiKey: key, params: { ...signed(hmac), signature: 'x' } })).toBe('INVALID_SIGNATURE');
    expect(refused({ apiKey: key, params: signed(hmac, { timestamp: START - 5001 }) })).toBe(
      'TIMESTAMP_OUTSIDE_RECV_WINDOW',
    );
  });

  test('beside a session’s key is ignored where none is needed', () => {
    expect(refused({ session: apiKeyText('ed'), params: { signature: 'x', timestamp: START } })).toBeUndefined();
  });
});

/** Each request is wrong in its own way and in every later way: only the earliest is told (spot-margin §3.10). */
describe('errors come in order', () => {
  const stranger = apiKeyText('stranger');
  const key = apiKeyText('limited');

  test.each([
    ['a missing timestamp', { apiKey: 'x', params: { signature: 'x' } }, 'MANDATORY_PARAM'],
    ['a malformed timestamp', { apiKey: 'x', params: { timestamp: 'x', signature: 'x' } }, 'MALFORMED_TIMESTAMP'],
    ['an empty signature', { apiKey: 'x', params: { timestamp: 1, signature: '' } }, 'PARAM_EMPTY'],
    ['a missing signature', { apiKey: 'x', params: { timestamp: 1 } }, 'MANDATORY_PARAM'],
    [
      'a recvWindow too large',
      { apiKey: 'x', params: { timestamp: 1, signature: 'x', recvWindow: 60_001 } },
      'RECV_WINDOW_TOO_LARGE',
    ],
    ['a malformed key', { apiKey: 'x', ip: FAR, params: { timestamp: 1, signature: 'x' } }, 'BAD_API_KEY_FMT'],
    ['an unknown key', { apiKey: stranger, ip: FAR, params: { timestamp: 1, signature: 'x' } }, 'REJECTED_MBX_KEY'],
    ['a wrong address', { apiKey: key, ip: FAR, params: { timestamp: 1, signature: 'x' } }, 'REJECTED_MBX_KEY'],
    ['a lacking permission', { apiKey: key, params: { timestamp: 1, signature: 'x' } }, 'REJECTED_MBX_KEY'],
    [
      'an old timestamp',
      { apiKey: key, product: 'spot', params: { timestamp: 1, signature: 'x' } },
      'TIMESTAMP_OUTSIDE_RECV_WINDOW',
    ],
    [
      'a wrong signature',
      { apiKey: key, product: 'spot', params: { timestamp: START, signature: 'x' } },
      'INVALID_SIGNATURE',
    ],
  ] as const satisfies readonly (readonly [string, Asked, string])[])('%s first', (_title, request, row) => {
    expect(refused({ security: 'SIGNED', ...request })).toBe(row);
  });
});
