import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { integerLiteral, JsonNumber, membersOf, parseJson } from './json.ts';

describe('parseJson', () => {
  test('keeps the text of numbers that would print differently', () => {
    expect(parseJson('{"id":9007199254740993,"recvWindow":5000.0}')).toEqual({
      id: new JsonNumber('9007199254740993'),
      recvWindow: new JsonNumber('5000.0'),
    });
  });

  test('reads everything else as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { seed: 20260701 },
    );
  });

  test('refuses what is no JSON, and nesting that nobody needs, with an error', () => {
    for (const text of ['', '{', '{"a":1}x', '\u0000', "{'a':1}", 'NaN', '01']) {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    }
    expect(() => parseJson('['.repeat(100_000) + ']'.repeat(100_000))).toThrow(RangeError);
  });
});

describe('integerLiteral', () => {
  test.each(['0', '7', '-1', '4294967295', '9007199254740993', '9223372036854775807', '-9223372036854775808', '1.0'])(
    '%p is one',
    (text) => {
      expect(integerLiteral(parseJson(text))).toBe(text);
    },
  );

  test.each(['1.5', '1e300', '123456789012345678901', '"7"', 'null', 'true', '[]', '{}'])('%p is none', (text) => {
    expect(integerLiteral(parseJson(text))).toBeUndefined();
  });
});

test('only objects have members', () => {
  expect(membersOf(parseJson('{"a":1}'))).toEqual({ a: 1 });
  for (const text of ['[]', 'null', '5.0', '"a"', '7', 'true']) expect(membersOf(parseJson(text))).toBeUndefined();
});
