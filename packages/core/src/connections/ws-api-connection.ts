import { instantIn, PRODUCTS, type Product, REQUEST_ID, type TimeUnit, type WsApi } from '@listenpost/protocol';
import { assertAllowed } from '../control/authenticate.ts';
import type { Caller } from '../control/call.ts';
import { answer, type Reply } from '../control/hallway.ts';
import { Params } from '../control/params.ts';
import type { Usage } from '../control/rate-limits.ts';
import type { Session } from '../control/session.ts';
import { WireError } from '../control/wire-error.ts';
import { CONNECTION_EVENT_OPENING, eventFrame } from '../data/envelope.ts';
import type { House } from '../house.ts';
import { integerLiteral, membersOf, parseJson } from '../json.ts';
import { AccountSubscriptions } from './account-subscriptions.ts';
import { Connection, type ConnectionInfo } from './connection.ts';

/** Malformed frames after which the connection ends (spot-margin §1.5 saw three). */
const MALFORMED_MAX = 3;

/**
 * Requests that wait for their answer at once. Weight bounds them per minute; this bounds them where limits are off. One
 * more is not read until one is answered, which it never needs to be: the connection ends as flooding.
 */
const PENDING_MAX = 1024;

/** JSON text of the id, as it is echoed: a number beyond 2^53 would lose digits as a number. */
type RequestId = string;

interface Envelope {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What the URL asked for. */
export interface WsApiChoices {
  readonly returnRateLimits: boolean;
  readonly timeUnit: TimeUnit;
}

/** A WebSocket API connection (derivatives §2): requests in, answers out, one session. */
export class WsApiConnection extends Connection {
  readonly #api: WsApi;
  readonly #product: Product;
  readonly #session: Session;
  #malformed = 0;
  #pending = 0;
  /** Answers leave in the order of their requests: a logon must not be overtaken by what was sent after it. */
  #last: Promise<void> = Promise.resolve();

  constructor(house: House, api: WsApi, ip: string, choices: WsApiChoices) {
    super(house, house.connectionRow(api.connection), ip);
    this.#api = api;
    this.#product = PRODUCTS[api.product];
    this.#session = {
      connectedSince: this.openedAt,
      ...choices,
      subscriptions: this.#desk(choices.timeUnit),
      apiKey: undefined,
      authorizedSince: null,
    };
  }

  override info(): ConnectionInfo {
    return {
      id: this.id,
      kind: 'wsApi',
      row: this.row.name,
      ip: this.ip,
      openedAt: this.openedAt,
      subscriptions: [...(this.#session.subscriptions?.all() ?? [])].map(({ stream }) => ({ stream })),
      account: this.#session.apiKey?.account.id ?? null,
    };
  }

  override message(text: string): void {
    if (this.#pending >= PENDING_MAX) {
      this.end('tooManyFrames');
      return;
    }
    this.#pending++;
    this.#last = this.#last
      .then(() => this.#serve(text))
      .catch((cause: unknown) => {
        this.house.report(cause);
        this.end('internalError');
      })
      .finally(() => {
        this.#pending--;
      });
  }

  override binary(): void {
    this.message('\u0000');
  }

  override announceShutdown(): boolean {
    if (!this.row.announcesShutdown) return false;
    const E = instantIn(this.#session.timeUnit, this.house.clock.now());
    this.send(eventFrame(CONNECTION_EVENT_OPENING, JSON.stringify({ e: 'serverShutdown', E })));
    return true;
  }

  /** Each request asks the rules by itself. */
  override rulesReplaced(): void {}

  protected override get controlFramesPerSecond(): number {
    return this.#api.heartbeatFramesPerSecond;
  }

  protected override release(): void {
    this.#session.subscriptions?.release();
    this.#session.apiKey = undefined;
  }

  async #serve(text: string): Promise<void> {
    if (this.ended) return;
    const envelope = this.#envelope(text);
    if (envelope === null) return;
    if (this.#revoked()) return;
    const { subscriptions } = this.#session;
    subscriptions?.hold();
    const reply = await this.#answer(envelope);
    this.send(this.#frame(envelope, reply));
    subscriptions?.settle();
    if (reply.status === 418) this.end('banned');
  }

  #desk(timeUnit: TimeUnit): AccountSubscriptions | undefined {
    const { subscriptions: limits } = this.#api;
    if (limits === undefined) return undefined;
    return new AccountSubscriptions({
      house: this.house,
      limits,
      timeUnit,
      ip: this.ip,
      loggedOn: () => this.#session.apiKey,
      send: (frame) => this.send(frame),
    });
  }

  async #answer({ method, params }: Envelope): Promise<Reply> {
    const { pool, path } = this.#api;
    const name = method.replace(/^v\d+\//, '');
    const row = this.house.rules.methods.get(path)?.get(name);
    const given = Params.ofJson(params);
    if (row === undefined) return this.#unknownMethod();
    return answer(this.house, {
      operation: row.name,
      product: this.#product,
      security: row.security,
      pool,
      endpoint: path,
      weight: row.weight,
      takes: row.takes,
      caller: this.#caller(given),
      params: given,
    });
  }

  /** Costs the least a request costs, so that guessing is not free (spot-margin §3.10). */
  #unknownMethod(): Reply {
    const { limits } = this.house;
    const { pool, path } = this.#api;
    let error = new WireError('UNSUPPORTED_OPERATION');
    try {
      limits.assertNotBanned(this.ip);
      limits.charge(pool, path, this.ip, 1);
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      error = cause;
    }
    const { code, status, msg } = error.in(this.#product.errors);
    return { status, error: { code, msg }, usage: limits.usageOf(pool, path, this.ip), retryAt: error.retryAt };
  }

  #caller(params: Params): Caller {
    return {
      ip: this.ip,
      apiKey: params.text('apiKey'),
      session: this.#session,
      missingKeyError: this.#api.missingKey,
      // Official connectors percent-encode before they sign, the documents say raw (spot-margin §10 U18): both are read.
      signedPayloads: (given) => [given.signedPayload(), given.signedPayload(percentEncoded)],
    };
  }

  /** A key that was revoked ends its logon at the next request, with a frame that answers none (derivatives §2.4). */
  #revoked(): boolean {
    const { apiKey } = this.#session;
    if (apiKey === undefined) return false;
    try {
      const current = this.house.accounts.current(apiKey);
      if (current === undefined) throw new WireError('REJECTED_MBX_KEY');
      assertAllowed(this.house, current, this.#product, this.ip);
      this.#session.apiKey = current;
      return false;
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      this.#session.apiKey = undefined;
      this.#session.authorizedSince = null;
      const { code, status, msg } = cause.in(this.#product.errors);
      this.send(frameOf('null', { status, error: { code, msg } }));
      this.#session.subscriptions?.closeLogon();
      return true;
    }
  }

  #frame({ id, params }: Envelope, reply: Reply): string {
    const shown = shows(params.returnRateLimits, this.#session.returnRateLimits);
    const rateLimits = shown ? { rateLimits: [rateLimitOf(reply.usage)] } : {};
    if ('result' in reply) return frameOf(id, { status: reply.status, result: reply.result, ...rateLimits });
    const { status, retryAt } = reply;
    const instant = (ms: number) => instantIn(this.#session.timeUnit, ms);
    const data =
      retryAt === undefined
        ? {}
        : { data: { serverTime: instant(this.house.clock.now()), retryAfter: instant(retryAt) } };
    return frameOf(id, { status, error: { ...reply.error, ...data }, ...rateLimits });
  }

  /** The request's envelope, or null once its malformation has been answered. */
  #envelope(text: string): Envelope | null {
    const { malformed } = this.#api;
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return this.#refuse('null', malformed);
    }
    const members = membersOf(message);
    if (members === undefined) return this.#refuse('null', malformed);
    const { method } = members;
    const id = requestId(members.id);
    if (id === undefined) return this.#refuse('null', this.#words('INVALID_REQUEST_ID'));
    if (typeof method !== 'string') return this.#refuse(id, this.#words('MISSING_METHOD'));
    const params = members.params === undefined ? {} : membersOf(members.params);
    if (params === undefined) return this.#refuse(id, this.#words('INVALID_PARAMS'));
    return { id, method, params };
  }

  /** The API's one word for malformed frames, or the precise row where it has those. */
  #words(row: 'INVALID_REQUEST_ID' | 'MISSING_METHOD' | 'INVALID_PARAMS') {
    return this.#api.malformed === 'INVALID_JSON' ? row : this.#api.malformed;
  }

  #refuse(id: RequestId, row: ConstructorParameters<typeof WireError>[0]): null {
    const { code, status, msg } = new WireError(row).in(this.#product.errors);
    this.send(frameOf(id, { status, error: { code, msg } }));
    if (++this.#malformed >= MALFORMED_MAX) this.end('tooManyMalformed');
    return null;
  }
}

function requestId(id: unknown): RequestId | undefined {
  if (id === null) return 'null';
  if (typeof id === 'string') return REQUEST_ID.test(id) ? JSON.stringify(id) : undefined;
  return integerLiteral(id);
}

const frameOf = (id: RequestId, members: Readonly<Record<string, unknown>>): string =>
  `{"id":${id},${JSON.stringify(members).slice(1)}`;

/** Half of a surrogate pair, which JSON can spell, has no UTF-8: it is signed as nobody can sign it, and refused so. */
const percentEncoded = (value: string): string => encodeURIComponent(value.toWellFormed());

/** The request's own wish, as boolean or text; else the connection's. */
function shows(wish: unknown, connectionDefault: boolean): boolean {
  if (wish === true || wish === 'true') return true;
  return wish === false || wish === 'false' ? false : connectionDefault;
}

function rateLimitOf({ pool, count }: Usage) {
  const { rateLimitType, interval, intervalNum, limit } = pool;
  return { rateLimitType, interval, intervalNum, limit, count };
}
