import { describe, expect, test } from 'bun:test';
import type { ClientProduct } from '../products.ts';
import { ACCOUNT_CHECKS, accountCheck } from './account-check.ts';

/** Answers as the venues' pages show them, shortened to what may say a time. */
const ANSWERS: Readonly<Record<string, { readonly answer: unknown; readonly changedAt: number }>> = {
  usdm: {
    answer: {
      totalWalletBalance: '103.12345678',
      assets: [
        { asset: 'USDT', walletBalance: '23.72469206', updateTime: 1625474304765 },
        { asset: 'BTC', walletBalance: '0.00000000', updateTime: 0 },
      ],
      positions: [{ symbol: 'BTCUSDT', positionSide: 'BOTH', positionAmt: '1.000', updateTime: 1625474304999 }],
    },
    changedAt: 1625474304999,
  },
  coinm: {
    answer: {
      assets: [{ asset: 'BTC', walletBalance: '0.00241969', updateTime: 1625474304765 }],
      positions: [],
      updateTime: 0,
    },
    changedAt: 1625474304765,
  },
  pm: {
    answer: [
      { asset: 'USDT', totalWalletBalance: '122607.35137903', updateTime: 1617939110373, negativeBalance: '0' },
      { asset: 'BTC', totalWalletBalance: '0', updateTime: 0, negativeBalance: '0' },
    ],
    changedAt: 1617939110373,
  },
  spot: { answer: { updateTime: 1499865549590, accountType: 'SPOT', balances: [] }, changedAt: 1499865549590 },
};

const answering = (answer: unknown, calls: unknown[] = []) => ({
  call: (...call: unknown[]) => {
    calls.push(call);
    return Promise.resolve(answer);
  },
});

describe('every row', () => {
  test.each(ACCOUNT_CHECKS.map((row) => [row.product, row] as const))('%s', async (product, row) => {
    const calls: unknown[] = [];
    const { answer, changedAt } = ANSWERS[product] ?? {};
    const check = accountCheck(product, answering(answer, calls));
    expect(await check?.(product)).toEqual({ changedAt: changedAt ?? Number.NaN });
    expect(calls).toEqual([['GET', row.path, row.params, true]]);
    // One check a minute, the most the options allow, stays a small part of the smallest pool there is.
    expect(row.weight * 6).toBeLessThanOrEqual(2400 / 10);
  });

  test('an answer that says no time is no answer', async () => {
    for (const { product } of ACCOUNT_CHECKS) {
      for (const answer of [
        {},
        [],
        null,
        { updateTime: '1' },
        { assets: [{}], positions: 7 },
        [{ updateTime: null }],
      ]) {
        const told = await accountCheck(product, answering(answer))?.(product).catch(String);
        expect(told).toContain('did not say when the account changed');
      }
    }
  });

  test('an account that never changed says 0', async () => {
    const never = { assets: [{ updateTime: 0 }], positions: [] };
    expect(await accountCheck('usdm', answering(never))?.('usdm')).toEqual({ changedAt: 0 });
  });
});

test.each(['options', 'pmpro', 'risk', 'margin'] satisfies ClientProduct[])('%s has none', (product) => {
  expect(accountCheck(product, answering({}))).toBeUndefined();
});
