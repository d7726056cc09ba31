import { instantIn, PRODUCTS, type Product, type StreamBase, type TimeUnit, timeUnitOf } from '@listenpost/protocol';
import { combined, combinedOpening, positioned } from '../data/envelope.ts';
import { NOTHING_TO_RESUME, Resume, type ResumeFrom, type ResumeVerdict } from '../data/resume.ts';
import type { Subscription } from '../data/subscription.ts';
import type { House } from '../house.ts';
import type { ListenKey } from '../registry/listen-keys.ts';
import type { Socket } from '../socket.ts';
import { Connection, type ConnectionInfo } from './connection.ts';
import { parseStreamRequest, type RequestId, type StreamRequest, StreamRequestError } from './stream-request.ts';
import type { StreamUrl } from './stream-url.ts';

/** The key whose events a name reads, and where. */
interface Grant {
  readonly key: ListenKey;
  readonly stream: string;
  readonly product: Product;
}

/** One name on one stream connection, while its key lives. */
class StreamSubscription implements Subscription {
  readonly stream: string;
  readonly product: Product['id'];
  readonly grantName: string;
  readonly name: string;
  readonly key: ListenKey;
  /** The one event type let through; null: all. */
  readonly #type: string | null;
  readonly #opening: string;
  readonly #row: Product;
  readonly #connection: StreamConnection;
  /** Present when its frames carry positions. */
  readonly resume: Resume | undefined;

  constructor(connection: StreamConnection, name: string, grant: Grant, resumable: boolean) {
    const at = name.indexOf('@');
    this.#connection = connection;
    this.name = name;
    this.#opening = combinedOpening(name);
    this.#type = at < 0 ? null : name.slice(at + 1);
    this.grantName = at < 0 ? name : name.slice(0, at);
    this.key = grant.key;
    this.stream = grant.stream;
    this.product = grant.product.id;
    this.#row = grant.product;
    this.resume = resumable ? connection.resume(this) : undefined;
  }

  deliver(type: string, body: string, sequence?: number): void {
    const { resume } = this;
    const follows = resume === undefined || sequence === undefined || resume.follows(sequence);
    if (!follows || (this.#type !== null && this.#type !== type)) return;
    const inUnit = this.#connection.inUnit(this.#row, type, body);
    if (resume === undefined) this.#connection.deliver(this.#opening, inUnit);
    else this.#connection.deliverPositioned(this.#opening, inUnit, resume.closing, sequence);
  }

  grantEnded(): void {
    this.#connection.lost(this);
  }
}

/**
 * A connection that streams are pushed on (derivatives §3). It may name anything that looks like a stream; only the name
 * of a live key of a product that this path serves ever carries an event. Bogus and dead names are accepted, listed and
 * silent, as on the exchange (derivatives §3.2).
 */
export class StreamConnection extends Connection {
  readonly #base: StreamBase;
  #combined: boolean;
  /** For the keys of products that take one: whose connection it becomes may be known only later. */
  readonly #timeUnit: TimeUnit;
  /** By name; null for names that carry nothing. */
  readonly #names = new Map<string, StreamSubscription | null>();
  /** Whether a known key has told whose connection this is. */
  #settled = false;

  readonly #firstNames: readonly string[];
  /** Names that are resumed, and from where: what the URL asked, or where it stood when its path fell silent. */
  readonly #resumes: Map<string, ResumeFrom>;

  constructor(house: House, url: StreamUrl, ip: string) {
    super(house, house.connectionRow(PRODUCTS[url.base.product].connection), ip);
    this.#base = url.base;
    this.#combined = url.combined;
    this.#timeUnit = timeUnitOf(url.timeUnit ?? '') ?? 'MILLISECOND';
    this.#firstNames = url.names;
    this.#resumes = new Map(url.resumes);
  }

  /** The names of the URL are read only once the socket can take what they bring. */
  override opened(socket: Socket): void {
    super.opened(socket);
    for (const name of this.#firstNames) this.#subscribe(name);
  }

  override info(): ConnectionInfo {
    const live = [...this.#names.values()].filter((subscription) => subscription !== null);
    return {
      id: this.id,
      kind: 'stream',
      row: this.row.name,
      ip: this.ip,
      openedAt: this.openedAt,
      product: this.#base.product,
      subscriptions: live.map(({ stream, product, key }) => ({
        stream,
        product,
        grant: 'listenKey',
        deadline: key.deadline,
      })),
      account: null,
    };
  }

  /** What reads here ends with its key or with the connection. */
  override endSubscription(): boolean {
    return false;
  }

  override message(text: string): void {
    // A frame that was already on its way when the connection ended must not subscribe to anything again.
    if (this.ended || !this.countFrame(this.row.framesPerSecond)) return;
    try {
      this.send(this.#answer(parseStreamRequest(text, this.row.nullRequestId)));
    } catch (cause) {
      if (!(cause instanceof StreamRequestError)) throw cause;
      this.send(cause.frame());
      if (cause.closes) this.end('invalidJson');
    }
  }

  override binary(): void {
    this.message('\u0000');
  }

  protected override sayShutdown(): void {
    const body = JSON.stringify({ e: 'serverShutdown', E: instantIn(this.#timeUnit, this.house.clock.now()) });
    this.deliver(combinedOpening('!serverShutdown'), body);
  }

  deliver(opening: string, body: string): void {
    this.send(this.#combined ? combined(opening, body) : body);
  }

  /** Always in the wrapped form, whatever the property `combined` says: a raw frame has no place for a position. */
  deliverPositioned(opening: string, body: string, closing: string, sequence: number | undefined): void {
    this.send(sequence === undefined ? combined(opening, body) : positioned(opening, body, closing, sequence));
  }

  /** Of a subscription of this connection. */
  resume(subscription: StreamSubscription): Resume {
    return new Resume(this.house, subscription, this);
  }

  /** The body of a record with its times as the URL asked for them. */
  inUnit({ id, takesTimeUnit }: Product, type: string, body: string): string {
    const asPublished = !takesTimeUnit || this.#timeUnit === 'MILLISECOND';
    return asPublished ? body : this.house.microsecondBodies.of(id, type, body);
  }

  /** The name stays listed; nothing follows under it. */
  lost(subscription: StreamSubscription): void {
    this.#detach(subscription);
    if (this.#names.get(subscription.name) === subscription) this.#names.set(subscription.name, null);
  }

  /** A path may have fallen silent, or speak again. What goes on reading what it read goes on as it is. */
  override rulesReplaced(): void {
    for (const [name, subscription] of [...this.#names]) {
      if (subscription?.stream === this.#grant(name)?.stream) continue;
      const stood = subscription?.resume?.position;
      if (stood !== undefined) this.#resumes.set(name, stood);
      if (subscription !== null) this.lost(subscription);
      this.#subscribe(name);
    }
  }

  protected override get controlFramesPerSecond(): number {
    return this.row.framesPerSecond;
  }

  protected override release(): void {
    for (const subscription of this.#names.values()) if (subscription !== null) this.#detach(subscription);
    this.#names.clear();
  }

  #answer(request: StreamRequest): string {
    switch (request.method) {
      case 'SUBSCRIBE':
        this.#assertRoom(request.names, request.id);
        for (const name of request.names) this.#subscribe(name);
        return answerOf(null, request.id);
      case 'UNSUBSCRIBE':
        for (const name of request.names) {
          this.#unsubscribe(name);
          this.#resumes.delete(name);
        }
        return answerOf(null, request.id);
      case 'LIST_SUBSCRIPTIONS':
        return answerOf([...this.#names.keys()], request.id);
      case 'SET_PROPERTY':
        this.#combined = request.value;
        return answerOf(null, request.id);
      case 'GET_PROPERTY':
        return answerOf(this.#combined, request.id);
    }
  }

  #assertRoom(names: readonly string[], id: RequestId): void {
    const fresh = new Set(names.filter((name) => !this.#names.has(name)));
    const { streamsMax } = this.row;
    if (this.#names.size + fresh.size > streamsMax) throw new StreamRequestError('TOO_MANY_STREAMS', [streamsMax], id);
  }

  /** A name that carries nothing is looked up again: its key may have been made meanwhile, or its path opened. */
  #subscribe(name: string): void {
    if (this.#names.get(name)) return;
    const grant = this.#grant(name);
    const from = this.#resumes.get(name);
    if (grant === null) {
      this.#names.set(name, null);
      if (from !== undefined) this.#tell(name, NOTHING_TO_RESUME);
      return;
    }
    const subscription = new StreamSubscription(this, name, grant, from !== undefined);
    this.#names.set(name, subscription);
    grant.key.attach(subscription);
    if (from === undefined) this.house.router.attach(subscription);
    else this.#resume(subscription, from);
  }

  /** The verdict is the stream's first frame. */
  #resume({ name, resume }: StreamSubscription, from: ResumeFrom): void {
    resume
      ?.judge(from)
      .then((verdict) => {
        if (resume.over) return;
        this.#tell(name, verdict);
        resume.start();
      })
      .catch((cause: unknown) => {
        if (resume.over) return;
        this.house.report(cause);
        this.end('internalError');
      });
  }

  #tell(name: string, verdict: ResumeVerdict | typeof NOTHING_TO_RESUME): void {
    this.send(`{"stream":${JSON.stringify(name)},"resume":${JSON.stringify(verdict)}}`);
  }

  #unsubscribe(name: string): void {
    const subscription = this.#names.get(name);
    if (subscription) this.#detach(subscription);
    this.#names.delete(name);
  }

  #detach(subscription: StreamSubscription): void {
    subscription.resume?.stop();
    subscription.key.detach(subscription);
    this.house.router.detach(subscription);
  }

  /** What the name reads here; null when its key is unknown, dead, or silent on this path. */
  #grant(name: string): Grant | null {
    const at = name.indexOf('@');
    const key = this.house.listenKeys.find(at < 0 ? name : name.slice(0, at));
    if (key === undefined) return null;
    const reads = this.house.rules.reads.get(this.#base.path)?.get(key.product.id);
    if (reads === undefined) return null;
    const product = PRODUCTS[reads.scope];
    this.#settle(product);
    if (reads.legacy && !this.house.deliversLegacyPath(product)) return null;
    return { key, stream: reads.scope === key.product.id ? key.stream : `${key.account}/${reads.scope}`, product };
  }

  /** The first known key tells whose connection this is; a second product's key adds its stream and nothing else. */
  #settle(product: Product): void {
    if (this.#settled) return;
    this.#settled = true;
    this.follow(this.house.connectionRow(product.connection));
  }
}

const answerOf = (result: unknown, id: RequestId) => `{"result":${JSON.stringify(result)},"id":${id}}`;
