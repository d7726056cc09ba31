import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { errorOf, PRODUCTS, type Product, rulesAsOf } from '@listenpost/protocol';
import { DEMO_ED25519_API_KEY, DEMO2_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { UnderTest } from './under-test.ts';

const KEYED: readonly { readonly product: Product; readonly path: string }[] = [
  ...rulesAsOf('latest').endpoints.values(),
]
  .flatMap((verbs) => [...verbs.values()])
  .filter(({ operation }) => operation === 'userDataStream.start')
  .map(({ product, path }) => ({ product: PRODUCTS[product], path }));

const NO_KEY = { code: -1125, msg: 'This listenKey does not exist.' };
const MINUTE = 60_000;

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(() => service.close());

const startKey = async (path: string, apiKey?: string) =>
  ((await service.rest('POST', path, apiKey)).body as { listenKey: string }).listenKey;

/** Keepalive as each product wants it: the risk stream must name its key. */
const keepalive = (path: string, product: Product, key: string) =>
  service.rest('PUT', product.listenKey?.keepaliveNamesKey ? `${path}?listenKey=${key}` : path);

describe.each(KEYED)('listenKeys of $product.title at $path', ({ product, path }) => {
  const row = product.listenKey ?? { length: 0, startResult: [], keepaliveResult: [] };

  test('start answers the members of its row and a key of its length', async () => {
    const { status, body, headers } = await service.rest('POST', path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json;charset=UTF-8');
    expect(Object.keys(body as object)).toEqual([...row.startResult]);
    expect((body as { listenKey: string }).listenKey).toMatch(new RegExp(`^[A-Za-z0-9]{${row.length}}$`));
  });

  test('start again, by another API key of the account, answers the same key', async () => {
    expect(await startKey(path, DEMO_ED25519_API_KEY)).toBe(await startKey(path));
  });

  test("another account's key is another", async () => {
    expect(await startKey(path, DEMO2_HMAC_API_KEY)).not.toBe(await startKey(path));
  });

  test('keepalive answers the members of its row', async () => {
    const key = await startKey(path);
    const { status, body } = await keepalive(path, product, key);
    expect(status).toBe(200);
    expect(body).toEqual(row.keepaliveResult.length > 0 ? { listenKey: key } : {});
  });

  test('close ends the key, and then there is none to keep alive or close', async () => {
    const key = await startKey(path);
    expect((await service.rest('DELETE', path)).body).toEqual({});
    expect(await keepalive(path, product, key)).toMatchObject({ status: 400, body: NO_KEY });
    expect(await service.rest('DELETE', path)).toMatchObject({ status: 400, body: NO_KEY });
    expect(await startKey(path)).not.toBe(key);
  });

  test('close that names another key than the live one closes nothing', async () => {
    const dead = await startKey(path);
    await service.rest('DELETE', path);
    const live = await startKey(path);
    expect((await service.rest('DELETE', `${path}?listenKey=${dead}`)).body).toEqual(NO_KEY);
    expect(await startKey(path)).toBe(live);
  });

  test('a key lives 60 minutes from the last call, to the millisecond', async () => {
    await service.rest('DELETE', path);
    await service.admin('POST', '/admin/v1/clock', { freeze: true });
    const key = await startKey(path);
    await service.advance('30m');
    await keepalive(path, product, key);
    await service.advance(`${60 * MINUTE - 1}ms`);
    expect(await startKey(path)).toBe(key);
    await service.advance(`${60 * MINUTE}ms`);
    expect((await keepalive(path, product, key)).body).toEqual(NO_KEY);
    await service.admin('POST', '/admin/v1/clock', { resume: true });
  });

  test('surplus parameters and half of a signature are ignored, wherever they stand', async () => {
    const form = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'timestamp=1&foo=bar' };
    expect((await service.rest('POST', path, undefined, form)).status).toBe(200);
    expect((await service.rest('POST', `${path}?signature=00`)).status).toBe(200);
    const json = { headers: { 'Content-Type': 'application/json' }, body: '{}' };
    expect((await service.rest('POST', path, undefined, json)).status).toBe(200);
  });

  test('without, with a malformed and with an unknown API key it is refused in the exchange’s words', async () => {
    const malformed = errorOf('BAD_API_KEY_FMT', product.errors);
    const unknown = errorOf('REJECTED_MBX_KEY', product.errors);
    for (const [apiKey, { status, code, msg }] of [
      [null, malformed],
      ['short', malformed],
      ['z'.repeat(64), unknown],
    ] as const) {
      expect(await service.rest('POST', path, apiKey)).toMatchObject({ status, body: { code, msg } });
    }
  });
});
