import { expect, test } from 'bun:test';
import { encodeResponse, rulesAsOf, SBE_LIFECYCLE, SbeError, WS_APIS } from '@listenpost/protocol';
import { refusalOf, testHouse } from '../testing/memory-doors.ts';
import { sbeChoiceIn } from './sbe-choice.ts';

const query = (version: unknown, schemaId: unknown = 3) =>
  `responseFormat=sbe&sbeSchemaId=${schemaId}&sbeSchemaVersion=${version}`;

const choiceOf = (text: string, asOf?: string) => {
  const { house } = testHouse({ settings: asOf === undefined ? {} : { asOf: Date.parse(asOf) } });
  return sbeChoiceIn(house, text);
};

test.each([
  '',
  'responseFormat=json',
  'responseFormat=json&responseFormat=json',
  'sbeSchemaVersion=0',
  'x=responseFormat=sbe',
])('%p asks for JSON', (text) => {
  expect(choiceOf(text)).toBeUndefined();
});

test.each([
  ['2026-07-06T23:59:59Z', 4, 4, false],
  ['2026-07-07T00:00:00Z', 4, 5, true],
  ['2026-07-07T00:00:00Z', 5, 5, false],
  ['2026-03-24T23:59:59Z', 0, undefined, undefined],
  ['2026-02-18T23:59:59Z', 0, 2, true],
  ['2026-06-28T23:59:59Z', 1, 4, true],
  ['2026-06-29T00:00:00Z', 1, undefined, undefined],
  ['2026-07-06T23:59:59Z', 5, undefined, undefined],
])('as of %p a request for 3:%p gets 3:%p', (asOf, asked, version, deprecated) => {
  if (version === undefined) expect(refusalOf(() => choiceOf(query(asked), asOf))).toBe('UNSUPPORTED_SBE_SCHEMA');
  else
    expect(choiceOf(query(asked), asOf)).toEqual({
      schemaId: 3,
      askedVersion: asked,
      version,
      deprecated: deprecated as boolean,
    });
});

test('the clock does not move it: the rules do', () => {
  const { house, machine } = testHouse({ settings: { asOf: Date.parse('2026-07-06T23:59:59Z') } });
  machine.pass(60_000);
  expect(refusalOf(() => sbeChoiceIn(house, query(5)))).toBe('UNSUPPORTED_SBE_SCHEMA');
  house.replaceRules(rulesAsOf('latest'));
  expect(sbeChoiceIn(house, query(5))).toEqual({ schemaId: 3, askedVersion: 5, version: 5, deprecated: false });
});

test('off comes before any other word on SBE, and lets JSON be', () => {
  const { house } = testHouse({ settings: { sbe: 'off' } });
  expect(refusalOf(() => sbeChoiceIn(house, 'responseFormat=sbe'))).toBe('SBE_DISABLED');
  expect(sbeChoiceIn(house, 'responseFormat=json')).toBeUndefined();
});

/** So that no method is answered with -1161 (spot-margin §7.2): whichever is sent, it has a message for each. */
test('each version that can be sent has a message for each method', () => {
  const versions = SBE_LIFECYCLE.filter(({ schemaId, version }) => schemaId === 3 && version > 0);
  const { methods } = WS_APIS.find(({ takesResponseFormat }) => takesResponseFormat) ?? { methods: new Map() };
  expect(methods.size).toBeGreaterThan(10);
  for (const { version } of versions) {
    const none = encodeResponse(version, undefined, { id: 1, status: 200 });
    for (const name of methods.keys()) {
      expect([name, withoutResult(version, name)]).not.toEqual([name, none]);
    }
  }
  expect(refusalOf(() => choiceOf(query(0), '2025-10-06T00:00:00Z'))).toBeUndefined();
  expect(choiceOf(query(0), '2025-10-06T00:00:00Z')?.version).toBe(1);
});

/** Undefined where the method's message asks for a result. */
function withoutResult(version: number, method: string): Uint8Array | undefined {
  try {
    return encodeResponse(version, method, { id: 1, status: 200 });
  } catch (cause) {
    if (cause instanceof SbeError) return undefined;
    throw cause;
  }
}
