import { describe, expect, test } from 'bun:test';
import { decodeMessage, eventForm, responseForm } from '@listenpost/protocol';
import { type ApiResponse, JsonEncoding, SbeEncoding } from './encoding.ts';
import { eventOpening } from './envelope.ts';
import { MicrosecondBodies } from './microseconds.ts';
import { SbeFrames } from './sbe-frames.ts';

const sbe = new SbeEncoding(new SbeFrames(), { schemaId: 3, askedVersion: 5, version: 5, deprecated: true });
const json = new JsonEncoding(new MicrosecondBodies(), 'MICROSECOND');

const answer = (response: ApiResponse) => responseForm(decodeMessage(sbe.response(response)));
const WEIGHT = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000, count: 3 };

describe('a response', () => {
  test('has the same members in both', () => {
    const result = { serverTime: 1767225600123000 };
    const response: ApiResponse = { id: '"a"', method: 'time', status: 200, result, rateLimits: [WEIGHT] };
    expect(json.response(response)).toBe(
      `{"id":"a","status":200,"result":${JSON.stringify(result)},"rateLimits":[${JSON.stringify(WEIGHT)}]}`,
    );
    expect(answer(response)).toEqual({
      id: 'a',
      name: 'ServerTimeResponse',
      sbeSchemaIdVersionDeprecated: true,
      status: 200,
      result,
      rateLimits: [WEIGHT],
    } as never);
  });

  test.each<[string, ApiResponse]>([
    ['a member of a wrong type', { id: '1', method: 'time', status: 200, result: { serverTime: 'noon' } }],
    ['no result', { id: '1', method: 'time', status: 200 }],
    ['a method without a message', { id: '1', method: 'no.such', status: 200, result: {} }],
    ['a code beyond int16', { id: '1', status: 400, error: { code: -40_000, msg: 'x' } }],
    ['a text beyond its length', { id: '1', status: 400, error: { code: -1000, msg: 'x'.repeat(70_000) } }],
  ])('that the schema cannot carry still answers its request: %s', (_what, response) => {
    expect(answer(response)).toMatchObject({ id: '1', status: response.status, name: 'NonRepresentableMessage' });
  });
});

test('an event is stamped with the id of its reader', () => {
  const reader = { id: 3, product: 'spot', opening: eventOpening(3) } as const;
  const body = '{"e":"balanceUpdate","E":5,"a":"USDT","d":"1","T":4}';
  const event = { e: 'balanceUpdate', E: 5000, a: 'USDT', d: '1', T: 4000 };
  expect(JSON.parse(json.event(reader, 'balanceUpdate', body))).toEqual({ subscriptionId: 3, event });
  expect(eventForm(decodeMessage(sbe.event(reader, 'balanceUpdate', body)))).toEqual({ subscriptionId: 3, event });
});

test('an event of the connection itself has none', () => {
  const event = { e: 'serverShutdown', E: 1767225600123000 };
  expect(JSON.parse(json.connectionEvent(event))).toEqual({ event });
  expect(eventForm(decodeMessage(sbe.connectionEvent(event)))).toEqual({ event });
});
