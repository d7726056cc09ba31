import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import {
  ENDPOINTS,
  ENDS,
  ERRORS,
  POOLS,
  PRODUCTS,
  SPOT_3_5,
  STREAM_BASES,
  STREAM_ERRORS,
  WS_APIS,
} from '@listenpost/protocol';
import { METHOD_HANDLERS } from './methods/index.ts';

/** Everything in the packages that is no test, joined. */
const sources = sourcesUnder(new URL('../../', import.meta.url));

function sourcesUnder(folder: URL): { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[a-z]+\/src\/.*(?<!\.test|\.contract)\.ts$/.test(path) && !path.includes('/testing/'))
    .map((path) => ({ path, text: readFileSync(new URL(path, folder), 'utf8') }));
}

const names = (name: string) => new RegExp(`['.]${name}\\b`);
const usedOutside = (home: string, name: string) =>
  sources.some(({ path, text }) => path !== home && names(name).test(text));

describe('every row is meant', () => {
  test.each(Object.keys(ERRORS))('the error %s is answered somewhere', (name) => {
    expect(usedOutside('protocol/src/errors.ts', name)).toBe(true);
  });

  test.each(Object.keys(STREAM_ERRORS))('the stream error %s is answered somewhere', (name) => {
    expect(usedOutside('protocol/src/errors.ts', name)).toBe(true);
  });

  test.each(Object.keys(ENDS))('the end %s comes somewhere', (name) => {
    expect(usedOutside('protocol/src/ends.ts', name)).toBe(true);
  });

  const strangers = new Set<string | undefined>(Object.values(POOLS).map((pool) => pool.strangers));
  test.each(Object.keys(POOLS))('the pool %s is charged by a row, or to strangers', (name) => {
    const charged = [...ENDPOINTS, ...WS_APIS].some(({ pool }) => pool === name);
    expect(charged || strangers.has(name)).toBe(true);
  });
});

describe('every row can be served', () => {
  test.each(ENDPOINTS.map((row) => [`${row.http} ${row.path}`, row] as const))('%s has a handler', (_title, row) => {
    expect(METHOD_HANDLERS[row.operation]).toBeFunction();
    expect(Object.hasOwn(POOLS, row.pool)).toBe(true);
  });

  test.each(WS_APIS.flatMap((api) => [...api.methods].map(([name, row]) => [api.path, name, row] as const)))(
    '%s %s has a handler under its own name',
    (_path, name, row) => {
      expect(row.name as string).toBe(name);
      expect(METHOD_HANDLERS[row.name]).toBeFunction();
    },
  );

  const sbeMethods = WS_APIS.filter((api) => api.takesResponseFormat).flatMap((api) => [...api.methods.values()]);
  test.each(sbeMethods)(
    '$name is refused to SBE clients whose schema lacks its answer',
    ({ name, sbeSinceVersion = 0 }) => {
      const message = SPOT_3_5.messages.find(({ methods }) => methods?.includes(name));
      expect(message).toBeDefined();
      expect(message?.sinceVersion ?? 0).toBeLessThanOrEqual(sbeSinceVersion);
    },
  );

  test('every handler has a row', () => {
    const served = new Set([
      ...ENDPOINTS.map(({ operation }) => operation),
      ...WS_APIS.flatMap((api) => [...api.methods.keys()]),
    ]);
    expect(Object.keys(METHOD_HANDLERS).sort()).toEqual([...served].sort());
  });

  test('no two endpoints answer to one verb and path, no two APIs to one path', () => {
    const calls = ENDPOINTS.map(({ http, path }) => `${http} ${path}`);
    expect(new Set(calls).size).toBe(calls.length);
    const paths = [...WS_APIS, ...STREAM_BASES].map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('a listenKey endpoint belongs to a product with listenKeys', () => {
    for (const { operation, product } of ENDPOINTS) {
      if (operation.startsWith('userDataStream.')) expect(PRODUCTS[product].listenKey).toBeDefined();
    }
  });

  test('every key that a path reads is one, and what it reads has listenKeyExpired', () => {
    for (const { reads } of STREAM_BASES) {
      for (const id of Object.keys(reads)) expect(PRODUCTS[id as keyof typeof PRODUCTS].listenKey).toBeDefined();
    }
  });
});

test('limits fit each other', () => {
  for (const { connection } of Object.values(PRODUCTS)) {
    expect(connection.pingEveryMs).toBeLessThan(connection.pongWithinMs);
    expect(connection.pongWithinMs).toBeLessThan(connection.lifetimeMs);
  }
});
