import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { encodeEvent, encodeResponse, nonRepresentable, type ProductId, parseExact } from '@listenpost/protocol';
import fc from 'fast-check';
import type { WireEvent } from '../events.ts';
import { type Frame, json } from './event-frame.ts';
import { identityOf } from './identity.ts';
import { sbe } from './sbe.ts';

const FIXTURES = new URL('../../../../tests/conformance/', import.meta.url);
const PRODUCTS: readonly ProductId[] = ['spot', 'margin', 'isolated'];

/** Of streams opened with a listenKey, which are JSON only. */
const JSON_ONLY = 'listenKeyExpired.json';

interface Case {
  readonly title: string;
  readonly product: ProductId;
  readonly event: WireEvent;
  /** As the event stands in the fixture: digits that a number would lose are still there. */
  readonly text: string;
}

const cases: readonly Case[] = PRODUCTS.flatMap((product) =>
  readdirSync(new URL(`${product}/`, FIXTURES))
    .filter((file) => file !== JSON_ONLY)
    .flatMap((file) => {
      const fixture = parseExact(readFileSync(new URL(`${product}/${file}`, FIXTURES), 'utf8'));
      return (fixture as { cases: { name: string; event: WireEvent }[] }).cases.map(({ name, event }) => ({
        title: `${product}/${file.replace('.json', '')}: ${name}`,
        product,
        event,
        text: textOf(event),
      }));
    }),
);

/** JSON with bigints as their digits. */
function textOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`)
    .join(',')}}`;
}

/** What the schema has no way to say, so that JSON alone tells it (spot-margin §7.6, encoding notes). */
const PLAIN_IN_SBE: Readonly<Record<string, unknown>> = { b: 'AUTO_MATCH', k: 'EXCHANGE', uS: false, eR: 'NONE' };

function withoutPlain(event: WireEvent): WireEvent {
  const members = Object.entries(event).filter(
    ([name, value]) => !(name in PLAIN_IN_SBE && PLAIN_IN_SBE[name] === value),
  );
  return Object.fromEntries(members) as WireEvent;
}

function eventOf(frame: Frame): WireEvent {
  if (frame.kind !== 'event') throw new Error(`expected an event, got ${JSON.stringify(frame)}`);
  return frame.event;
}

describe('every fixture gives the same frame in JSON and in SBE', () => {
  test.each(cases.map((each) => [each.title, each] as const))('%s', (_, { event, text }) => {
    const subscribed = event.e !== 'serverShutdown';
    const read = json().decode(`{${subscribed ? '"subscriptionId":3,' : ''}"event":${text}}`);
    const frame = sbe().decode(encodeEvent(5, text, { subscriptionId: 3 }));
    expect(frame).toEqual({ ...read, event: withoutPlain(eventOf(read)) } as Frame);
    expect(withoutPlain(eventOf(read))).toEqual(withoutPlain(event));
  });

  test('with the same identity', () => {
    for (const { product, text } of cases) {
      const scope = product === 'isolated' ? 'isolated:BTCUSDT' : product;
      const [inJson, inSbe] = [json().decode(text), sbe().decode(encodeEvent(5, text))].map(eventOf);
      expect(identityOf(scope, inSbe as WireEvent)).toBe(identityOf(scope, inJson as WireEvent));
    }
  });
});

test('times are in µs where asked for', () => {
  const event = { e: 'balanceUpdate', E: 1767225600123456, a: 'USDT', d: '1.5', T: 1767225600120000 };
  const frame = encodeEvent(5, event, { timeUnit: 'MICROSECOND' });
  expect(eventOf(sbe({ timeUnit: 'MICROSECOND' }).decode(frame))).toEqual(event);
  expect(eventOf(sbe().decode(frame))).toEqual({ ...event, E: 1767225600123, T: 1767225600120 });
});

describe('answers', () => {
  const limits = [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000, count: 4 }];
  const method = 'userDataStream.subscribe.listenToken';

  test('are as in JSON, but that an id is always a text', () => {
    const result = { subscriptionId: 1, expirationTime: 1767312000123 };
    const response = { id: 7, status: 200, result, rateLimits: limits };
    const read = json().decode(JSON.stringify(response));
    expect(sbe().decode(encodeResponse(5, method, response))).toEqual({ ...read, id: '7' } as Frame);
  });

  test('to nobody, refused and banned', () => {
    const data = { serverTime: 1767225600123, retryAfter: 1767229200000 };
    const response = { id: null, status: 418, error: { code: -1003, msg: 'Way too much request weight used', data } };
    expect(sbe().decode(encodeResponse(5, undefined, response))).toEqual(json().decode(JSON.stringify(response)));
  });
});

test('the reference’s frames are read', () => {
  const hex = (text: string) => sbe().decode(Uint8Array.from(Buffer.from(text, 'hex')));
  expect(hex('0a005a020300050040222246484706000000')).toEqual({
    kind: 'event',
    event: { e: 'eventStreamTerminated', E: 1767225600123 },
    stream: undefined,
    subscriptionId: 0,
    position: undefined,
  });
  expect(hex('030032000300050000c8001300000000120000000a00f9010300050001007880f9635c470600')).toMatchObject({
    kind: 'answer',
    id: null,
    status: 200,
    result: { subscriptionId: 1, expirationTime: 1767312000123 },
  });
});

describe('what cannot be read is told, and nothing throws', () => {
  test('a message that stands for what the schema cannot carry', () => {
    expect(sbe().decode(nonRepresentable(5))).toMatchObject({ kind: 'unreadable' });
  });

  test('bytes of any kind', () => {
    const whole = encodeEvent(5, cases[0]?.text ?? '', { subscriptionId: 3 });
    const kinds = new Set<string>();
    const property = fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(whole.length), (noise, cut) => {
      kinds.add(sbe().decode(noise).kind);
      kinds.add(sbe().decode(whole.slice(0, cut)).kind);
    });
    fc.assert(property, { seed: 20_260_707, numRuns: 500 });
    expect(kinds.has('unreadable')).toBe(true);
  });

  test('texts are read as JSON', () => {
    expect(sbe().decode('{"id":null,"status":400,"error":{"code":-1153,"msg":""}}')).toMatchObject({ status: 400 });
  });
});

test('the URL asks for the newest schema that is known', () => {
  expect(sbe().query).toBe('responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5');
});
