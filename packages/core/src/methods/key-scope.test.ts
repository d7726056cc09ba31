import { describe, expect, test } from 'bun:test';
import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import { Params } from '../control/params.ts';
import { ALICE, accountOf, refusalOf, testHouse } from '../testing/memory-doors.ts';
import { keyScope, namedKey } from './key-scope.ts';

/** The scope that alice's first API key gets, or the row of the error. */
function scopeFor(product: ProductId, params: Readonly<Record<string, string>> = {}, scopes?: readonly string[]) {
  const account = scopes === undefined ? ALICE : { ...ALICE, scopes };
  const { house } = testHouse({ accounts: [account] });
  const [apiKey] = accountOf(house, ALICE.id).apiKeys;
  if (apiKey === undefined) throw new Error('alice has an API key');
  const call = {
    operation: 'userDataStream.start',
    product: PRODUCTS[product],
    params: Params.ofJson(params),
    apiKey,
    session: undefined,
    instant: (ms: number) => ms,
  } as const;
  let scope: string | undefined;
  return (
    refusalOf(() => {
      scope = keyScope(call, house);
    }) ?? scope
  );
}

describe('the scope whose key a call means', () => {
  test.each(['usdm', 'spot', 'margin'] as const)('%s: its own, whatever symbol comes along', (product) => {
    expect(scopeFor(product, { symbol: 'BTCUSDT' })).toBe(product);
  });

  test('isolated margin: that of the symbol', () => {
    expect(scopeFor('isolated', { symbol: 'BTCUSDT' })).toBe('isolated:BTCUSDT');
  });

  test.each([
    [{}, 'MANDATORY_PARAM'],
    [{ symbol: '' }, 'PARAM_EMPTY'],
    [{ symbol: 'NOPE' }, 'BAD_SYMBOL'],
    [{ symbol: '__proto__' }, 'BAD_SYMBOL'],
  ])('isolated margin with %j is refused', (params, row) => {
    expect(scopeFor('isolated', params)).toBe(row);
  });

  test('an account without that scope has no key of it', () => {
    const scopes = ['spot', 'isolated:BTCUSDT'];
    expect(scopeFor('margin', {}, scopes)).toBe('REJECTED_MBX_KEY');
    expect(scopeFor('isolated', { symbol: 'ETHUSDT' }, scopes)).toBe('MARGIN_ACCOUNT_NOT_FOUND');
    expect(scopeFor('isolated', { symbol: 'BTCUSDT' }, scopes)).toBe('isolated:BTCUSDT');
  });
});

test('the key that a call names, in either spelling', () => {
  expect(namedKey(Params.ofJson({ listenkey: 'b' }))).toBe('b');
  expect(namedKey(Params.ofJson({ listenkey: 'b', listenKey: 'a' }))).toBe('a');
  expect(namedKey(Params.ofJson({ listenKey: '' }))).toBe('');
  expect(namedKey(Params.ofJson({}))).toBeUndefined();
});
