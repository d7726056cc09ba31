import { handshake, isRefusal, parseStreamUrl, StreamConnection } from '@listenpost/core';
import { PRODUCTS } from '@listenpost/protocol';
import { allowHosts } from '../admin/access.ts';
import { AccountRegistry } from '../admin/account-registry.ts';
import { type AdminApi, type AdminDeps, createAdminApi } from '../admin/admin-api.ts';
import { Metrics } from '../admin/metrics.ts';
import { Sampler } from '../admin/sampler.ts';
import { consoleFiles } from '../edge/console-files.ts';
import { makeTestHouse, type TestHouse, type TestHouseOptions } from './test-house.ts';

export interface TestAdmin extends TestHouse {
  readonly api: AdminApi;
  readonly registry: AccountRegistry;
  readonly sampler: Sampler;
  /** How often the clock's state was saved. */
  readonly clockSaves: () => number;
  /** Asks the API as a program on this machine would. A body that is no text is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text parsed; undefined when it is no JSON. */
  readonly json: unknown;
}

/** The admin API of a test house, without sockets. */
export function makeTestAdmin(options: TestHouseOptions & { readonly deps?: Partial<AdminDeps> } = {}): TestAdmin {
  const test = makeTestHouse(options);
  const { house, clock, secrets } = test;
  const registry = new AccountRegistry({ house, secrets });
  const sampler = new Sampler(house);
  let saves = 0;
  const api = createAdminApi({
    house,
    clock,
    saveClock: async () => {
      saves++;
    },
    mode: 'dev',
    tokens: [],
    allowedHosts: allowHosts('127.0.0.1'),
    accountRegistry: registry,
    emulator: null,
    emulation: null,
    metrics: new Metrics(),
    sampler,
    consoleFiles: consoleFiles(),
    draining: () => false,
    ...options.deps,
  });
  return {
    ...test,
    api,
    registry,
    sampler,
    clockSaves: () => saves,
    async call(method, path, body, headers = {}) {
      const request = new Request(`http://127.0.0.1:9011${path}`, {
        method,
        headers: { host: '127.0.0.1:9011', ...headers },
        ...(body === undefined ? {} : { body: bodyOf(body) }),
      });
      return answerOf(await api.answer(request));
    },
  };
}

function bodyOf(body: unknown): string | Uint8Array<ArrayBuffer> {
  return typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body);
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsedOrUndefined(text) };
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A published line of `ACCOUNT_CONFIG_UPDATE` on `usdm`; `mark` tells one event from another. */
export function testLine(
  account: string,
  mark: number,
  more: { readonly n?: number; readonly scope?: string } = {},
): string {
  const n = more.n === undefined ? '' : `"n":${more.n},`;
  return `{${n}"account":"${account}","scope":"${more.scope ?? 'usdm'}","event":${testEvent(mark)}}`;
}

export function testEvent(mark: number): string {
  return `{"e":"ACCOUNT_CONFIG_UPDATE","E":1782864000001,"T":1782864000000,"ac":{"s":"BTCUSDT","l":${mark}}}`;
}

const silentSocket = {
  waitingBytes: 0,
  together: (act: () => void) => act(),
  send: () => true,
  ping: () => undefined,
  close: () => undefined,
  terminate: () => undefined,
};

/** A stream connection that reads alice's USDⓈ-M key, on a socket that takes everything. */
export async function openTestStream({ house }: TestHouse): Promise<StreamConnection> {
  const account = house.accounts.get('alice');
  if (account === undefined) throw new Error('the test house has alice');
  const { key } = await house.listenKeys.start(account, PRODUCTS.usdm);
  const url = parseStreamUrl(`/private/ws/${key}`, '');
  if (url === null || 'refused' in url) throw new Error('a listenKey fits a stream URL');
  const connection = new StreamConnection(house, url, '192.0.2.1');
  connection.opened(silentSocket);
  return connection;
}

/** A WebSocket API connection that reads alice's cross margin by a token of an hour, and all that it was sent. */
export async function openTestToken({ house }: TestHouse) {
  const [apiKey] = house.accounts.get('alice')?.apiKeys ?? [];
  const connection = handshake(house, '/ws-api/v3', '', '192.0.2.1');
  if (apiKey === undefined || connection === null || isRefusal(connection)) throw new Error('alice may connect');
  const frames: string[] = [];
  const answered = Promise.withResolvers<void>();
  connection.opened({
    ...silentSocket,
    send: (frame) => {
      frames.push(String(frame));
      answered.resolve();
      return true;
    },
  });
  const { token } = house.listenTokens.issue(apiKey, undefined, 3_600_000);
  const params = { listenToken: token };
  connection.message(JSON.stringify({ id: 1, method: 'userDataStream.subscribe.listenToken', params }));
  await answered.promise;
  return { connection, frames };
}
