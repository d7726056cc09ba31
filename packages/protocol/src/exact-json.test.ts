import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseExact, printExact } from './exact-json.ts';

const SEED = 20_261_029;

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    return { thrown: error instanceof SyntaxError };
  }
}

/** What a reader that knows nothing of bigints would have seen. */
function asNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asNumbers(member)]));
}

const same = (text: string): void => {
  const exact = outcome(() => asNumbers(parseExact(text)));
  expect(exact).toEqual(outcome(() => JSON.parse(text)));
};

describe('integers', () => {
  test.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', 9_007_199_254_740_992n],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['4611869636869226999', 4_611_869_636_869_226_999n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
    ['1767225600123456', 1_767_225_600_123_456],
    ['123456789012345678901234567890', 123_456_789_012_345_678_901_234_567_890n],
  ])('%s', (text, value) => {
    expect(parseExact(text)).toBe(value);
    expect(parseExact(` {"i": ${text} ,"a":[${text}]}`)).toEqual({ i: value, a: [value] });
  });

  test('with a fraction or an exponent are numbers', () => {
    for (const text of ['12345678901234567.5', '1e20', '12345678901234567890E2', '0.12345678901234567890']) {
      expect(parseExact(`[${text}]`)).toEqual([Number(text)]);
    }
  });
});

describe('strings', () => {
  test.each([
    '"12345678901234567890"',
    '"a 12345678901234567890, -12345678901234567890"',
    String.raw`"\"12345678901234567890\""`,
    String.raw`"\\12345678901234567890"`,
    String.raw`"\u000012345678901234567890"`,
    String.raw`"\u0000\u0000\u000012345678901234567890"`,
    String.raw`{"12345678901234567890":"\u000012345678901234567890"}`,
  ])('%s is untouched, also beside a long integer', (text) => {
    expect(parseExact(text)).toEqual(JSON.parse(text));
    expect(parseExact(`[${text},12345678901234567890]`)).toEqual([JSON.parse(text), 12345678901234567890n]);
  });
});

test('a member called __proto__ is a member', () => {
  const parsed = parseExact('{"__proto__":12345678901234567890,"a":{"__proto__":{"b":12345678901234567890}}}');
  expect(Object.entries(parsed as object)[0]).toEqual(['__proto__', 12345678901234567890n]);
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
});

test('nests as deep as JSON.parse can', () => {
  const deep = `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`;
  let value = parseExact(deep);
  while (Array.isArray(value)) value = value[0];
  expect(value).toBe(12345678901234567890n);
});

test.each([
  '{12345678901234567890:1}',
  '{12345678901234567890 :1}',
  '{"a" 12345678901234567890}',
  '[012345678901234567890]',
  '12345678901234567890.',
  '12345678901234567890e',
  '- 12345678901234567890',
  '+12345678901234567890',
  '"12345678901234567890',
  '"12345678901234567890\\',
  '12345678901234567890"',
  '[12345678901234567890,]',
  '12345678901234567890n',
])('%s is no JSON', (text) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(() => parseExact(text)).toThrow(SyntaxError);
});

test('an open string full of quotes is searched once', () => {
  expect(() => parseExact(`1234567890123456["${String.raw`\"`.repeat(500_000)}`)).toThrow(SyntaxError);
});

/** Numbers of JSON, as text, about half of them beyond 2^53. */
const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?$/),
);

const { text: anyJson } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.constantFrom('null', 'true', 'false'),
    fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
    fc.stringMatching(/^[-\\" :\d\u0000]{0,30}$/).map((value) => JSON.stringify(value)),
    fc.array(tie('text'), { maxLength: 5 }).map((items) => `[${items.join(' , ')}]`),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom('__proto__', 'a', '1'), fc.string()), tie('text')), { maxLength: 5 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
}));

test('agrees with JSON.parse on every JSON text, but for digits', () => {
  fc.assert(fc.property(anyJson, same), { seed: SEED, numRuns: 2000 });
});

test('agrees with JSON.parse on what is JSON at all', () => {
  const broken = fc
    .tuple(
      anyJson,
      fc.nat(),
      fc.constantFrom('"', '\\', ':', ',', '[', '}', '1', '1234567890123456789', ' ', '-', '.', 'e'),
    )
    .map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + (at % 3));
    });
  fc.assert(fc.property(broken, same), { seed: SEED, numRuns: 4000 });
});

describe('printing', () => {
  test.each([
    '{"i":9007199254740993,"s":"9007199254740993","a":[-123456789012345678901,{"d":"1.50"}],"n":null,"t":true}',
    String.raw`{"i":9007199254740993,"s":"\u00001n","t":"\u0000\u0000\""}`,
    '9007199254740993',
    '{"i":1}',
  ])('%s comes back as it was', (text) => {
    expect(printExact(parseExact(text))).toBe(text);
  });

  test('what was printed is read as the same, whatever stands beside a long integer', () => {
    const member = fc.oneof(fc.bigInt({ min: 2n ** 53n }), fc.string({ unit: 'binary' }), fc.integer(), fc.boolean());
    const value = fc.dictionary(fc.string(), fc.oneof(member, fc.array(member)));
    fc.assert(
      fc.property(value, (event) => {
        const copy = { ...event };
        expect(parseExact(printExact(copy))).toEqual(copy);
      }),
      { seed: SEED },
    );
  });
});
