import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type IngestLine, IngestLineError, parseIngestLine } from './ingest-line.ts';

const EVENT = '{"e":"ACCOUNT_UPDATE","T":1.50,"a":{"m":"ORDER","B":[{"a":"USDT"}]}}';

function refusal(text: string): string {
  try {
    parseIngestLine(text);
  } catch (cause) {
    if (cause instanceof IngestLineError) return cause.message;
    throw cause;
  }
  throw new Error(`taken: ${text}`);
}

describe('parseIngestLine', () => {
  test('takes the canonical layout apart and keeps the event’s own text', () => {
    const line = parseIngestLine(`{"account":"alice","scope":"usdm","event":${EVENT}}`);
    expect(line).toEqual({ account: 'alice', scope: 'usdm', n: undefined, body: EVENT, event: JSON.parse(EVENT) });
  });

  test.each([
    `{"n":7,"account":"alice","scope":"usdm","event":${EVENT}}`,
    `{"account":"alice","scope":"usdm","n":7,"event":${EVENT}}`,
    `{"account":"alice","scope":"usdm","event":${EVENT},"n":7}`,
    ` { "event" : ${EVENT} , "n" : 7 , "scope" : "usdm" , "account" : "alice" } `,
    `{"acco\\u0075nt":"\\u0061lice","scope":"usdm","n":7,"event":${EVENT}}\r`,
  ])('reads every layout alike: %s', (text) => {
    expect(parseIngestLine(text)).toEqual({
      account: 'alice',
      scope: 'usdm',
      n: 7,
      body: EVENT,
      event: JSON.parse(EVENT),
    });
  });

  test('reads a line out of the middle of a message', () => {
    const line = `{"account":"alice","scope":"usdm","event":${EVENT}}`;
    const text = `x\n${line}\n{"account":"bob"}`;
    expect(parseIngestLine(text, 2, 2 + line.length).body).toBe(EVENT);
  });

  test('does not rewrite numbers, escapes or blanks of the event', () => {
    const body = '{ "e" : "x\\u0041", "big":12345678901234567890, "exp":1.0E+2 }';
    expect(parseIngestLine(`{"account":"a","scope":"usdm","event":${body}}`).body).toBe(body);
    expect(parseIngestLine(`{"account":"a","scope":"usdm","event": ${body} }`).body).toBe(body);
  });

  test.each([
    ['', /^not JSON/],
    ['[]', /^expected a JSON object/],
    ['null', /^expected a JSON object/],
    [`{"account":"alice","scope":"usdm","event":${EVENT}`, /^not JSON/],
    [`{"account":"alice","scope":"usdm","event":${EVENT}}}`, /^not JSON/],
    [`{"account":"al\tice","scope":"usdm","event":${EVENT}}`, /^not JSON/],
    [`{"scope":"usdm","event":${EVENT}}`, /^account: /],
    [`{"account":7,"scope":"usdm","event":${EVENT}}`, /^account: /],
    [`{"account":"alice","event":${EVENT}}`, /^scope: /],
    ['{"account":"alice","scope":"usdm"}', /^event: /],
    [`{"account":"alice","scope":"usdm","n":0,"event":${EVENT}}`, /^n: /],
    [`{"account":"alice","scope":"usdm","n":1.5,"event":${EVENT}}`, /^n: /],
    [`{"account":"alice","scope":"usdm","n":"1","event":${EVENT}}`, /^n: /],
    [`{"account":"alice","scope":"usdm","n":9007199254740993,"event":${EVENT}}`, /^n: /],
    [`{"account":"alice","scope":"usdm","event":${EVENT},"event":${EVENT}}`, /^event: stands in the line twice/],
    [`{"n":1,"account":"alice","scope":"usdm","n":2,"event":${EVENT}}`, /^n: stands in the line twice/],
    [`{"account":"alice","account":"bob","scope":"usdm","event":${EVENT}}`, /^account: stands in the line twice/],
    [`{"account":"alice","scope":"usdm","seq":1,"event":${EVENT}}`, /^"seq" is no field/],
  ])('refuses %s', (text, reason) => {
    expect(refusal(text)).toMatch(reason);
  });

  test('refuses a nesting too deep for the parser in a sentence', () => {
    const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    const text = `{"account":"alice","scope":"usdm","event":{"e":"x","d":${deep}}}`;
    try {
      expect(parseIngestLine(text).body.length).toBe(text.length - 43);
    } catch (cause) {
      expect(cause).toBeInstanceOf(IngestLineError);
    }
  });
});

type Field = 'account' | 'scope' | 'n' | 'event';

describe('the fast path and the slow path agree', () => {
  // Rare, so that two lines in five have the canonical layout throughout.
  const blank = fc.oneof({ weight: 10, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\t', ' \r'));
  const json = fc.json({ maxDepth: 3 });
  const name = fc.oneof(fc.constantFrom('alice', 'isolated:BTCUSDT'), fc.string(), fc.string({ unit: 'grapheme' }));
  const event = fc.oneof(
    fc.dictionary(name, json, { maxKeys: 4 }).map(
      (members) =>
        `{${Object.entries(members)
          .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
          .join(',')}}`,
    ),
    json,
    fc.constantFrom('{"a":"}"}', '{"a":"\\"}"}', '{"a":[{"b":"]"}]} ', ' {}', '{', '{}}', '{"a":1},"x":{}', '"\\\\"'),
  );
  const count = fc.oneof(fc.nat().map(String), fc.constantFrom('0', '01', '-1', '1.0', '1e3', '9007199254740992', ''));
  const member = (key: string, value: fc.Arbitrary<string>) =>
    fc.tuple(blank, blank, value, blank).map(([a, b, text, c]) => `${a}${JSON.stringify(key)}${b}:${text}${c}`);
  const line = fc
    .record({
      account: member(
        'account',
        name.map((text) => JSON.stringify(text)),
      ),
      scope: member(
        'scope',
        name.map((text) => JSON.stringify(text)),
      ),
      n: member('n', count),
      event: member('event', event),
      layout: fc.oneof(
        fc.constant<Field[]>(['account', 'scope', 'event']),
        fc.constant<Field[]>(['n', 'account', 'scope', 'event']),
        fc.constant<Field[]>(['account', 'scope', 'n', 'event']),
        fc.array(fc.constantFrom<Field[]>('account', 'scope', 'n', 'event'), { maxLength: 5 }),
      ),
    })
    .map(({ layout, ...members }) => `{${layout.map((key) => members[key]).join(',')}}`);

  /** A blank in front is all that takes a line off the fast path; the answer must not change. */
  const outcome = (text: string): IngestLine | string => {
    try {
      return parseIngestLine(text);
    } catch (cause) {
      if (!(cause instanceof IngestLineError)) throw cause;
      return cause.broken ? 'not JSON' : cause.message;
    }
  };

  test('on every generated line', () => {
    fc.assert(
      fc.property(line, (text) => {
        expect(outcome(text)).toEqual(outcome(` ${text}`));
      }),
      { seed: 20_260_701, numRuns: 5000 },
    );
  });

  test('the body is a slice of the line and means the event', () => {
    fc.assert(
      fc.property(line, (text) => {
        const taken = outcome(text);
        if (typeof taken === 'string') return;
        expect(text).toContain(taken.body);
        expect(taken.body).toBe(taken.body.trim());
        expect(JSON.parse(taken.body)).toEqual(taken.event);
        expect((JSON.parse(text) as { event: unknown }).event).toEqual(taken.event);
      }),
      { seed: 20_260_702, numRuns: 5000 },
    );
  });

  test('on arbitrary text nothing but a refusal is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        outcome(text);
      }),
      { seed: 20_260_703, numRuns: 2000 },
    );
  });
});
