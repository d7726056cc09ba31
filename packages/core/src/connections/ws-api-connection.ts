import { instantIn, type Method, PRODUCTS, type Product, REQUEST_ID, type WsApi } from '@listenpost/protocol';
import { isAllowed } from '../control/authenticate.ts';
import type { Caller } from '../control/call.ts';
import type { Reply } from '../control/hallway.ts';
import { Params } from '../control/params.ts';
import type { Usage } from '../control/rate-limits.ts';
import { Session } from '../control/session.ts';
import { WireError } from '../control/wire-error.ts';
import type { Encoding, RequestId } from '../data/encoding.ts';
import type { House } from '../house.ts';
import { integerLiteral, membersOf, parseJson } from '../json.ts';
import type { Frame } from '../socket.ts';
import { AccountSubscriptions } from './account-subscriptions.ts';
import { Connection, type ConnectionInfo } from './connection.ts';

/** Malformed frames after which the connection ends (spot-margin §1.5 saw three). */
const MALFORMED_MAX = 3;

/**
 * Requests that wait for their answer at once. Weight bounds them per minute; this bounds them where limits are off. One
 * more is not read until one is answered, which it never needs to be: the connection ends as flooding.
 */
const PENDING_MAX = 1024;

interface Envelope {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What the URL asked for. */
export interface WsApiChoices {
  readonly returnRateLimits: boolean;
  readonly encoding: Encoding;
}

/** A WebSocket API connection (derivatives §2): requests in, answers out, one session. */
export class WsApiConnection extends Connection {
  readonly #api: WsApi;
  readonly #product: Product;
  readonly #encoding: Encoding;
  readonly #session: Session;
  #malformed = 0;
  #pending = 0;
  /** Answers leave in the order of their requests: a logon must not be overtaken by what was sent after it. */
  #last: Promise<void> = Promise.resolve();

  constructor(house: House, api: WsApi, ip: string, { returnRateLimits, encoding }: WsApiChoices) {
    super(house, house.connectionRow(api.connection), ip);
    this.#api = api;
    this.#product = PRODUCTS[api.product];
    this.#encoding = encoding;
    this.#session = new Session({
      connectedSince: this.openedAt,
      returnRateLimits,
      timeUnit: encoding.timeUnit,
      subscriptions: this.#desk(),
    });
  }

  override info(): ConnectionInfo {
    return {
      id: this.id,
      kind: 'wsApi',
      row: this.row.name,
      ip: this.ip,
      openedAt: this.openedAt,
      product: this.#product.id,
      subscriptions: [...(this.#session.subscriptions?.all() ?? [])].map(({ id, stream, product, grant }) => ({
        stream,
        product,
        subscriptionId: id,
        grant: grant.kind,
        deadline: grant.deadline,
      })),
      account: this.#session.apiKey?.account.id ?? null,
    };
  }

  override endSubscription(id: number): boolean {
    const subscription = this.#session.subscriptions?.get(id);
    subscription?.grantEnded();
    return subscription !== undefined;
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

  protected override sayShutdown(): void {
    const E = instantIn(this.#encoding.timeUnit, this.house.clock.now());
    this.send(this.#encoding.connectionEvent({ e: 'serverShutdown', E }));
  }

  override expireTokens(matches: (stream: string) => boolean): number {
    return this.#session.subscriptions?.expireTokens(matches) ?? 0;
  }

  /** Each request asks the rules by itself. */
  override rulesReplaced(): void {}

  protected override get controlFramesPerSecond(): number {
    return this.#api.heartbeatFramesPerSecond;
  }

  protected override release(): void {
    this.#session.close();
  }

  async #serve(text: string): Promise<void> {
    if (this.ended) return;
    const envelope = this.#envelope(text);
    if (envelope === null) return;
    const { subscriptions } = this.#session;
    subscriptions?.hold();
    const banned = await this.#reply(envelope);
    subscriptions?.settle();
    if (banned) this.end('banned');
  }

  /** Sends what answers the request; whether it is the answer to one who is banned. */
  async #reply(envelope: Envelope): Promise<boolean> {
    const revocation = this.#revocation();
    if (revocation !== undefined) {
      this.send(revocation);
      return false;
    }
    const reply = await this.#answer(envelope);
    this.send(this.#frame(envelope, reply));
    return reply.status === 418;
  }

  #desk(): AccountSubscriptions | undefined {
    const { subscriptions: limits } = this.#api;
    if (limits === undefined) return undefined;
    return new AccountSubscriptions({
      house: this.house,
      limits,
      encoding: this.#encoding,
      outbox: this,
      ip: this.ip,
      loggedOn: () => this.#session.apiKey,
      send: (frame) => this.send(frame),
    });
  }

  async #answer({ method, params }: Envelope): Promise<Reply> {
    const { pool, path } = this.#api;
    const row = this.house.rules.methods.get(path)?.get(nameOf(method));
    const given = Params.ofJson(params);
    if (row === undefined) return this.#unknownMethod();
    return this.house.answer({
      operation: row.name,
      product: this.#product,
      security: row.security,
      pool,
      endpoint: path,
      weight: row.weight,
      takes: row.takes,
      unanswerable: this.#unanswerable(row),
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

  /** A client of an old schema could not read the answer (spot-margin §3.6). */
  #unanswerable({ sbeSinceVersion = 0 }: Method): WireError | undefined {
    const { sbe } = this.#encoding;
    if (sbe === undefined || sbe.askedVersion >= sbeSinceVersion) return undefined;
    const [asked, needed] = [sbe.askedVersion, sbeSinceVersion].map((version) => `${sbe.schemaId}:${version}`);
    return new WireError('DEPRECATED_SBE_SCHEMA', [asked ?? '', needed ?? '']);
  }

  #caller(params: Params): Caller {
    return {
      ip: this.ip,
      timeUnit: this.#session.timeUnit,
      apiKey: params.text('apiKey'),
      session: this.#session,
      missingKeyError: this.#api.missingKey,
      // Official connectors percent-encode before they sign, the documents say raw (spot-margin §10 U18): both are read.
      signedPayloads: (given) => [given.signedPayload(), given.signedPayload(percentEncoded)],
    };
  }

  /**
   * A key that was revoked ends its logon at the next request, which is not served: the frame that goes out in its place
   * answers none (derivatives §2.4).
   */
  #revocation(): Frame | undefined {
    const { apiKey } = this.#session;
    if (apiKey === undefined) return undefined;
    const current = this.house.accounts.current(apiKey);
    if (current !== undefined && isAllowed(this.house, current, this.#product, this.ip)) {
      this.#session.refresh(current);
      return undefined;
    }
    const { code, status, msg } = this.#session.revoke().in(this.#product.errors);
    return this.#encoding.response({ id: 'null', status, error: { code, msg } });
  }

  #frame({ id, method, params }: Envelope, reply: Reply): Frame {
    const shown = shows(params.returnRateLimits, this.#session.returnRateLimits);
    const rateLimits = shown ? { rateLimits: [rateLimitOf(reply.usage)] } : {};
    if ('result' in reply) {
      const { status, result } = reply;
      return this.#encoding.response({ id, method: nameOf(method), status, result, ...rateLimits });
    }
    const { status, retryAt } = reply;
    const instant = (ms: number) => instantIn(this.#session.timeUnit, ms);
    const data =
      retryAt === undefined
        ? {}
        : { data: { serverTime: instant(this.house.clock.now()), retryAfter: instant(retryAt) } };
    return this.#encoding.response({ id, status, error: { ...reply.error, ...data }, ...rateLimits });
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
    this.send(this.#encoding.response({ id, status, error: { code, msg } }));
    if (++this.#malformed >= MALFORMED_MAX) this.end('tooManyMalformed');
    return null;
  }
}

function requestId(id: unknown): RequestId | undefined {
  if (id === null) return 'null';
  if (typeof id === 'string') return REQUEST_ID.test(id) ? JSON.stringify(id) : undefined;
  return integerLiteral(id);
}

/** Without the version that a method may be prefixed with. */
const nameOf = (method: string): string => method.replace(/^v\d+\//, '');

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
