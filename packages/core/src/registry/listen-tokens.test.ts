import { describe, expect, test } from 'bun:test';
import { RegistryStoreError } from '../registry-store.ts';
import { accountOf, HOUR, refusalOf, SECOND, START, testHouse } from '../testing/memory-doors.ts';
import { TOKEN_VALIDITY_MS_MAX } from './listen-tokens.ts';

const room = testHouse();
const { house, secrets, machine } = room;
const [alice, bob] = [accountOf(house, 'alice'), accountOf(house, 'bob')];
const [aliceKey, bobKey] = [alice.apiKeys[0], bob.apiKeys[0]];
if (aliceKey === undefined || bobKey === undefined) throw new Error('the test accounts have no API keys');

/** A token that says this, sealed as the house seals. */
function sealed(account: number, apiKey: number, symbol: number, deadline: number): string {
  const view = new DataView(new ArrayBuffer(19));
  view.setUint32(0, account);
  view.setUint32(4, apiKey);
  view.setUint32(8, symbol);
  view.setUint16(12, Math.floor(deadline / 2 ** 32));
  view.setUint32(14, deadline % 2 ** 32);
  return secrets.sealToken(new Uint8Array(view.buffer));
}

const refused = (text: string) => refusalOf(() => house.listenTokens.read(text));

describe('a token', () => {
  test('says whose stream it opens, by which API key and until when', () => {
    const { token, deadline } = house.listenTokens.issue(aliceKey, 'BTCUSDT', HOUR);
    expect(deadline).toBe(START + HOUR);
    const read = house.listenTokens.read(token);
    expect(read).toEqual({ apiKey: aliceKey, place: expect.anything(), deadline });
    expect(read.place.stream).toBe('alice/isolated:BTCUSDT');
    const cross = house.listenTokens.issue(bobKey, undefined, HOUR);
    expect(house.listenTokens.read(cross.token).place.stream).toBe('bob/margin');
  });

  test('is good until the millisecond before its end', () => {
    const own = testHouse();
    const [key] = accountOf(own.house, 'alice').apiKeys;
    if (key === undefined) throw new Error('alice has no API key');
    const { token } = own.house.listenTokens.issue(key, undefined, SECOND);
    own.machine.pass(SECOND - 1);
    expect(own.house.listenTokens.read(token).apiKey).toBe(key);
    own.machine.pass(1);
    expect(refusalOf(() => own.house.listenTokens.read(token))).toBe('INVALID_LISTEN_TOKEN');
  });

  test.each([
    ['of no API key', sealed(alice.number, 999, 0, START + HOUR)],
    ['of number 0, which nothing has', sealed(0, 0, 0, START + HOUR)],
    ['of another account’s API key', sealed(alice.number, bobKey.number, 0, START + HOUR)],
    ['of a symbol that never was', sealed(alice.number, aliceKey.number, 4_000_000_000, START + HOUR)],
    ['from the past', sealed(alice.number, aliceKey.number, 0, START - 1)],
    ['from the future', sealed(alice.number, aliceKey.number, 0, START + TOKEN_VALIDITY_MS_MAX + 1)],
    ['that is no token', 'x'],
  ])('%s is refused', (_what, text) => {
    expect(refused(text)).toBe('INVALID_LISTEN_TOKEN');
  });

  test('with all of its numbers right is none of these', () => {
    expect(machine.now()).toBe(START);
    expect(refused(sealed(alice.number, aliceKey.number, 0, START + TOKEN_VALIDITY_MS_MAX))).toBeUndefined();
    expect(refused(sealed(alice.number, aliceKey.number, 1, START + 1))).toBeUndefined();
  });
});

test('symbols’ numbers are stored before the first token, and only when they changed', async () => {
  const own = testHouse();
  await own.house.listenTokens.restore(new Map(), own.store);
  const [change] = own.store.commits.flat();
  if (change?.kind !== 'putSetting') throw new Error('nothing was stored');
  await own.house.listenTokens.restore(new Map([[change.name, change.value]]), own.store);
  expect(own.store.commits).toHaveLength(1);
  own.store.fault = 'the disk is full';
  const fault = await own.house.listenTokens.restore(new Map(), own.store).catch((cause: unknown) => cause);
  expect(fault).toBeInstanceOf(RegistryStoreError);
});
