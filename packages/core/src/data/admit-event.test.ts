import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ALICE, START, testHouse } from '../testing/memory-doors.ts';
import { AdmissionError, admitEvent, EVENT_BYTES_MAX, type Validation } from './admit-event.ts';

const LEVERAGE = { e: 'ACCOUNT_CONFIG_UPDATE', E: START, T: START, ac: { s: 'BTCUSDT', l: 20 } };

const houseOf = (validation: Validation) =>
  testHouse({ settings: { validation }, accounts: [ALICE, { id: 'dora', apiKeys: [], scopes: ['coinm'] }] }).house;
const houses = { strict: houseOf('strict'), types: houseOf('types'), off: houseOf('off') };

interface Published {
  readonly validation?: Validation;
  readonly account?: string;
  readonly scope?: string;
  readonly event?: unknown;
  readonly body?: string;
}

function admit({ validation = 'strict', account = 'alice', scope = 'usdm', event = LEVERAGE, body }: Published = {}) {
  return admitEvent(houses[validation], account, scope, body ?? JSON.stringify(event), event);
}

function refusal(published: Published): string | undefined {
  try {
    admit(published);
  } catch (cause) {
    if (cause instanceof AdmissionError) return cause.message;
    throw cause;
  }
  return undefined;
}

describe('an event', () => {
  test('goes on with its stream, its type and its body as it came', () => {
    const body = `{ "e":"ACCOUNT_CONFIG_UPDATE",\t"E":${START},"T":${START},"ac":{"s":"BTCUSDT","l":20},"x":1e2}`;
    expect(admit({ body, event: JSON.parse(body) })).toEqual({
      stream: 'alice/usdm',
      type: 'ACCOUNT_CONFIG_UPDATE',
      body,
    });
  });

  test.each([[[]], [null], [7], ['text'], [true]])('%p is none', (event) => {
    expect(refusal({ event })).toBe('event: expected a JSON object');
  });

  test.each([{}, { e: '' }, { e: 7 }, { e: null }])('%p has no type', (event) => {
    expect(refusal({ event, validation: 'off' })).toBe('event.e: expected the event type, a string');
  });

  test.each(['a b', 'a@b', '\u0000'.repeat(600), '\ud800', 'x'.repeat(65), '币安'])(
    'of type %j is refused also where nothing is validated',
    (e) => {
      expect(refusal({ event: { e }, validation: 'off' })).toStartWith('event.e: expected an event type of 1 to 64');
    },
  );

  test('may fill its bound in bytes and not one more', () => {
    const wrapped = '{"e":"X","n":""}';
    for (const filler of ['x', 'é', '币', '😀']) {
      const bytes = new TextEncoder().encode(filler).length;
      const room = EVENT_BYTES_MAX - wrapped.length;
      const body = (more: number) =>
        `{"e":"X","n":"${filler.repeat(Math.floor(room / bytes))}${'x'.repeat((room % bytes) + more)}"}`;
      expect(new TextEncoder().encode(body(0)).length).toBe(EVENT_BYTES_MAX);
      expect(refusal({ event: { e: 'X' }, body: body(0), validation: 'off' })).toBeUndefined();
      expect(refusal({ event: { e: 'X' }, body: body(1), validation: 'off' })).toBe(
        `event: larger than ${EVENT_BYTES_MAX} bytes`,
      );
    }
  });
});

describe('whose event it is', () => {
  test('must be known', () => {
    expect(refusal({ account: 'nobody' })).toBe('account: there is no account "nobody"');
    expect(refusal({ account: '__proto__' })).toBe('account: there is no account "__proto__"');
  });

  test.each(['', 'futures', 'isolated', 'isolated:', 'usdm ', '__proto__', 'isolated:a/b'])(
    '%p is no scope',
    (scope) => {
      expect(refusal({ scope })).toStartWith(`scope: "${scope}" is none; expected spot, margin, isolated:<SYMBOL>`);
    },
  );

  test('must be a scope that the account has', () => {
    expect(refusal({ account: 'dora' })).toBe('scope: account "dora" has no scope "usdm"');
    expect(refusal({ scope: 'isolated:NOSUCHCOIN' })).toBe('scope: account "alice" has no scope "isolated:NOSUCHCOIN"');
    expect(admit({ scope: 'isolated:BTCUSDT', event: { e: 'X' }, validation: 'off' }).stream).toBe(
      'alice/isolated:BTCUSDT',
    );
  });
});

describe('validation', () => {
  const incomplete = { e: 'ACCOUNT_CONFIG_UPDATE', E: START };
  const mistyped = { ...LEVERAGE, E: 'soon' };
  const unknown = { e: 'NO_SUCH_EVENT' };

  test('strict wants every field that is always there, of its type, of an event that the product has', () => {
    expect(refusal({})).toBeUndefined();
    expect(refusal({ event: incomplete })).toBe('event.T: is missing');
    expect(refusal({ event: mistyped })).toBe('event.E: expected an integer, got a string');
    expect(refusal({ event: unknown })).toBe('event.e: USDⓈ-M Futures has no event "NO_SUCH_EVENT"');
  });

  test('types looks only at what is there', () => {
    expect(refusal({ event: incomplete, validation: 'types' })).toBeUndefined();
    expect(refusal({ event: mistyped, validation: 'types' })).toBe('event.E: expected an integer, got a string');
    expect(refusal({ event: unknown, validation: 'types' })).toBeUndefined();
  });

  test('off looks at nothing', () => {
    for (const event of [incomplete, mistyped, unknown]) expect(refusal({ event, validation: 'off' })).toBeUndefined();
  });

  test.each(['listenKeyExpired', 'eventStreamTerminated', 'serverShutdown'])(
    'never lets in %s, for any product',
    (e) => {
      for (const validation of ['strict', 'types', 'off'] as const) {
        for (const scope of ['usdm', 'options', 'spot', 'risk', 'isolated:BTCUSDT']) {
          expect(refusal({ event: { e, E: START }, scope, validation })).toBe(
            `event.e: "${e}" is the system's own event and cannot be published`,
          );
        }
      }
    },
  );
});

test('any JSON is let in or refused in a sentence', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), fc.constantFrom('strict', 'types', 'off'), (event, scope, validation) => {
      const reason = refusal({ event, validation });
      expect(reason === undefined || reason.includes(': ')).toBe(true);
      refusal({ event: LEVERAGE, scope, account: scope });
    }),
    { seed: 20260701, numRuns: 500 },
  );
});
