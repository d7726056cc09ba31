/** What the lives share: a house in memory without limits, calls over REST, sockets that are lists. */
import { ENDPOINTS, type Endpoint, type ErrorName, PRODUCTS, type ProductId } from '@listenpost/protocol';
import { handshake, isRefusal } from '../../packages/core/src/connections/handshake.ts';
import { answer } from '../../packages/core/src/control/hallway.ts';
import { Params } from '../../packages/core/src/control/params.ts';
import { BINANCE_LIMITS } from '../../packages/core/src/control/rate-limits.ts';
import { RecordingSocket, type TestHouse, testHouse } from '../../packages/core/src/testing/memory-doors.ts';
import { rowOf } from './outcome.ts';

const IP = '203.0.113.1';
const UNLIMITED = { limits: { ...BINANCE_LIMITS, enforced: false } };

export const freshHouse = (): TestHouse => testHouse({ settings: UNLIMITED });

type Json = Record<string, unknown>;

export interface Client {
  readonly connection: Exclude<ReturnType<typeof handshake>, null | { status: number }>;
  readonly socket: RecordingSocket;
  /** Opens the socket: until then the handshake is under way. */
  open(): void;
  /** The frames since the last look. */
  take(): Json[];
  /** Sends a request and gives every frame that came for it. */
  ask(method: string, params?: unknown): Promise<Json[]>;
}

/** A client at this path whose socket is not open yet. */
export function client({ house }: TestHouse, path: string): Client {
  const [pathname = '', query = ''] = path.split('?');
  const connection = handshake(house, pathname, query, IP);
  if (connection === null || isRefusal(connection)) throw new Error(`the handshake at ${path} was refused`);
  const socket = new RecordingSocket();
  socket.pong = (payload) => connection.ponged(payload);
  const take = () => socket.take() as Json[];
  return {
    connection,
    socket,
    take,
    open: () => connection.opened(socket),
    async ask(method, params = {}) {
      connection.message(JSON.stringify({ id: 1, method, params }));
      await settled();
      return take();
    },
  };
}

export function connected(room: TestHouse, path: string): Client {
  const made = client(room, path);
  made.open();
  return made;
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export interface Outcome {
  readonly result?: Json;
  readonly error?: ErrorName | undefined;
}

/** A REST call, through the whole control hallway. */
export async function call(
  { house }: TestHouse,
  http: Endpoint['http'],
  path: string,
  apiKey: string,
  params: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const row = ENDPOINTS.find((each) => each.http === http && each.path === path);
  if (row === undefined) throw new Error(`no row for ${http} ${path}`);
  const { operation, product, security, pool, weight } = row;
  const reply = await answer(house, {
    operation,
    product: PRODUCTS[product],
    security,
    pool,
    endpoint: path,
    weight,
    caller: {
      ip: IP,
      apiKey,
      session: undefined,
      timeUnit: 'MILLISECOND',
      missingKeyError: 'BAD_API_KEY_FMT',
      signedPayloads: () => [],
    },
    params: new Params(new Map(Object.entries(params))),
  });
  return 'result' in reply ? { result: reply.result as Json } : { error: rowOf(reply.error, product) };
}

/** The outcome in the first frame that answers a request. */
export function outcomeOf(frames: readonly Json[], product: ProductId): Outcome {
  const frame = frames.find((each) => 'status' in each);
  if (frame === undefined) throw new Error(`no answer among ${JSON.stringify(frames)}`);
  if ('error' in frame) return { error: rowOf(frame.error as { code: number; msg: string }, product) };
  return { result: frame.result as Json };
}
