import { expect, test } from 'bun:test';
import { SymbolNumbers } from './symbol-numbers.ts';

test('a symbol keeps its number for ever, and a new one gets one that nobody had', () => {
  const first = new SymbolNumbers(['BTCUSDT', 'ETHUSDT']);
  expect([first.numberOf('BTCUSDT'), first.numberOf('ETHUSDT')]).toEqual([1, 2]);
  const second = new SymbolNumbers(['币安USDT', 'ETHUSDT'], first.text);
  expect([second.numberOf('ETHUSDT'), second.numberOf('币安USDT')]).toEqual([2, 3]);
  expect(second.symbolOf(1)).toBe('BTCUSDT');
  const third = new SymbolNumbers(['__proto__', 'BTCUSDT'], second.text);
  expect([third.numberOf('BTCUSDT'), third.numberOf('__proto__'), third.numberOf('constructor')]).toEqual([
    1,
    4,
    undefined,
  ]);
  expect(new SymbolNumbers([], third.text).numberOf('__proto__')).toBe(4);
  expect(third.symbolOf(0)).toBeUndefined();
});
