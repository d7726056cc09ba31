import {
  eventStreamTerminated,
  LISTEN_TOKEN_LIFECYCLE,
  type ListenTokenInput,
  type ListenTokenState,
  type ProductId,
  type SubscriptionLimits,
  type Transition,
} from '@listenpost/protocol';
import type { Timer } from '../clock.ts';
import { WireError } from '../control/wire-error.ts';
import type { Encoding, EventReader } from '../data/encoding.ts';
import { eventOpening } from '../data/envelope.ts';
import { type Outbox, Resume } from '../data/resume.ts';
import type { Subscription } from '../data/subscription.ts';
import type { House } from '../house.ts';
import { decide, refusalOf } from '../lifecycle.ts';
import type { ApiKey, StreamPlace } from '../registry/accounts.ts';
import type { ApiKeyGrant } from '../registry/api-key-grants.ts';
import type { Frame } from '../socket.ts';

/** Why a connection may read a stream of an account (spot-margin §3.2). */
export interface Grant {
  readonly kind: 'logon' | 'signature' | 'token';
  readonly apiKey: ApiKey;
  readonly place: StreamPlace;
  /** A token's own end, in ms; null where the grant has none. */
  readonly deadline: number | null;
}

/** One account stream on one WebSocket API connection, while its grant holds. */
export class AccountSubscription implements Subscription, ApiKeyGrant, EventReader {
  readonly id: number;
  readonly grantName: string;
  readonly stream: string;
  readonly product: ProductId;
  readonly account: string;
  grant: Grant;
  /** Fires at the token's deadline. */
  expiry: Timer | undefined;
  readonly opening: string;
  /** Present when its frames carry positions. */
  readonly resume: Resume | undefined;
  readonly #desk: AccountSubscriptions;

  constructor(desk: AccountSubscriptions, id: number, grant: Grant, resumable: boolean) {
    this.#desk = desk;
    this.id = id;
    this.grantName = String(id);
    this.grant = grant;
    this.stream = grant.place.stream;
    this.product = grant.place.product.id;
    this.account = grant.apiKey.account.id;
    this.opening = eventOpening(id);
    this.resume = resumable ? desk.resume(this) : undefined;
  }

  deliver(type: string, body: string, sequence?: number): void {
    this.#desk.deliver(this, type, body, sequence);
  }

  grantEnded(): void {
    this.#desk.take(this, 'revoke');
  }

  review(): void {
    this.#desk.review(this);
  }
}

export interface DeskDoors {
  readonly house: House;
  readonly limits: SubscriptionLimits;
  readonly encoding: Encoding;
  readonly outbox: Outbox;
  readonly ip: string;
  /** The key of the session's logon. */
  loggedOn(): ApiKey | undefined;
  send(frame: Frame): void;
}

/**
 * The account subscriptions of one WebSocket API connection (spot-margin §3.2): ids counted up and never given again, one
 * active subscription per stream, `eventStreamTerminated` as the last word of each.
 *
 * A request's answer comes before what the request causes (spot-margin §3.7): between `hold` and `settle` a fresh
 * subscription does not read yet, and last words wait.
 */
export class AccountSubscriptions {
  readonly #doors: DeskDoors;
  readonly #byId = new Map<number, AccountSubscription>();
  readonly #byStream = new Map<string, AccountSubscription>();
  #fresh: AccountSubscription[] = [];
  #lastWords: Frame[] = [];
  #held = false;
  #nextId = 0;

  constructor(doors: DeskDoors) {
    this.#doors = doors;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<AccountSubscription> {
    return this.#byId.values();
  }

  get(id: number): AccountSubscription | undefined {
    return this.#byId.get(id);
  }

  /**
   * Opens a subscription, or renews that of a token by another token of its stream. `resumable`: its frames carry positions,
   * and its `resume` must be judged before it reads. Throws the row of what forbids it.
   */
  open(grant: Grant, resumable = false): AccountSubscription {
    if (resumable && !this.#doors.encoding.carriesPosition) throw new WireError('OPTIONAL_PARAMS_BAD_COMBO');
    const active = this.#active(grant.place.stream);
    // Only a token renews, and only what a token opened (spot-margin §3.5).
    if (active !== undefined && (active.grant.kind !== 'token' || grant.kind !== 'token')) {
      throw new WireError('SUBSCRIPTION_ACTIVE');
    }
    const transition = decide(LISTEN_TOKEN_LIFECYCLE, active === undefined ? 'absent' : 'live', 'subscribe');
    const subscription = active ?? this.#add(grant, resumable);
    // What its frames look like was settled when it was opened.
    if (resumable && subscription.resume === undefined) throw new WireError('OPTIONAL_PARAMS_BAD_COMBO');
    subscription.grant = grant;
    this.#enter(subscription, transition);
    return subscription;
  }

  /** Of a subscription of this connection. */
  resume(subscription: AccountSubscription): Resume {
    return new Resume(this.#doors.house, subscription, this.#doors.outbox);
  }

  /** Gives up a subscription that nobody was told of. */
  abandon(subscription: AccountSubscription): void {
    this.#remove(subscription);
  }

  /** Ends the one of this id, or all where none is named. Throws -2036 when there is nothing to end (spot-margin §3.7). */
  close(id: number | undefined): void {
    const ending = [...this.#byId.values()].filter((subscription) => id === undefined || subscription.id === id);
    if (ending.length === 0) throw refusalOf(LISTEN_TOKEN_LIFECYCLE, 'absent', 'unsubscribe');
    for (const subscription of ending) this.take(subscription, 'unsubscribe');
  }

  /** Logging out ends what the logon opened; signatures and tokens have not needed it (spot-margin §3.9). */
  closeLogon(): void {
    for (const subscription of [...this.#byId.values()]) {
      if (subscription.grant.kind === 'logon') this.#terminate(subscription);
    }
  }

  /** Brings an active subscription to where the table says this input leads. */
  take(subscription: AccountSubscription, input: ListenTokenInput): void {
    this.#enter(subscription, decide(LISTEN_TOKEN_LIFECYCLE, 'live', input));
  }

  /** As their deadline does, ahead of it: their tokens open nothing any more. */
  expireTokens(matches: (stream: string) => boolean): number {
    const expiring = [...this.#byId.values()].filter(({ grant, stream }) => grant.kind === 'token' && matches(stream));
    for (const subscription of expiring) {
      const { place, deadline } = subscription.grant;
      if (deadline !== null) this.#doors.house.listenTokens.expire(place.stream, deadline);
      this.take(subscription, 'deadline');
    }
    return expiring.length;
  }

  deliver(subscription: AccountSubscription, type: string, body: string, sequence?: number): void {
    const { resume } = subscription;
    // The machine's timer may be late; an event after the deadline is nobody's.
    if (this.#expired(subscription)) this.take(subscription, 'deadline');
    else if (resume === undefined || sequence === undefined || resume.follows(sequence)) {
      this.#doors.send(this.#doors.encoding.event(subscription, type, body, sequence));
    }
  }

  /** A logon ends at its session's next request (derivatives §2.4); everything else at once. */
  review(subscription: AccountSubscription): void {
    const { house, loggedOn, ip } = this.#doors;
    const { grant, account, product } = subscription;
    const owner = house.accounts.get(account);
    if (owner !== undefined && grant.kind === 'logon' && loggedOn()?.number === grant.apiKey.number) return;
    const apiKey = house.accounts.current(grant.apiKey);
    const place = owner?.place(subscription.stream.slice(account.length + 1), house.knownSymbols);
    const permitted = place !== undefined && apiKey?.permits(place.product.permission) === true;
    if (apiKey === undefined || !permitted || place?.product.id !== product) this.take(subscription, 'revoke');
    else if (grant.kind !== 'token' && !apiKey.allows(ip)) this.take(subscription, 'revoke');
    else subscription.grant = { ...grant, apiKey, place };
  }

  /** A request is about to be answered. */
  hold(): void {
    this.#held = true;
  }

  /** It was: what it opened reads from here on, and what it ended says its last word. */
  settle(): void {
    this.#held = false;
    for (const subscription of this.#fresh.splice(0)) {
      if (this.#byId.has(subscription.id)) this.#read(subscription);
    }
    for (const frame of this.#lastWords.splice(0)) this.#doors.send(frame);
  }

  /** The connection is gone: all end in silence. */
  release(): void {
    this.#fresh = [];
    this.#lastWords = [];
    for (const subscription of [...this.#byId.values()]) this.#remove(subscription);
  }

  /** The active subscription of this stream; one whose token has just run out is ended first. */
  #active(stream: string): AccountSubscription | undefined {
    const active = this.#byStream.get(stream);
    if (active === undefined || !this.#expired(active)) return active;
    this.take(active, 'deadline');
    return undefined;
  }

  #read(subscription: AccountSubscription): void {
    if (subscription.resume === undefined) this.#doors.house.router.attach(subscription);
    else subscription.resume.start();
  }

  /** What is not live ends; its last word is `eventStreamTerminated` where the table says so. */
  #enter(subscription: AccountSubscription, { to, tells }: Transition<ListenTokenState>): void {
    if (to === 'live') this.#watch(subscription);
    else if (tells === 'eventStreamTerminated') this.#terminate(subscription);
    else this.#remove(subscription);
  }

  /** Ends one, and says so. */
  #terminate(subscription: AccountSubscription): void {
    if (!this.#remove(subscription)) return;
    const body = eventStreamTerminated(subscription.product, this.#doors.house.clock.now());
    const frame = this.#doors.encoding.event(subscription, 'eventStreamTerminated', body);
    if (this.#held) this.#lastWords.push(frame);
    else this.#doors.send(frame);
  }

  #add(grant: Grant, resumable: boolean): AccountSubscription {
    const { house, limits } = this.#doors;
    if (this.#byId.size >= limits.activeMax) throw new WireError('TOO_MANY_SUBSCRIPTIONS', [limits.activeMax]);
    if (this.#nextId >= limits.lifetimeMax) throw new WireError('MAXIMUM_SUBSCRIPTION_IDS');
    const subscription = new AccountSubscription(this, this.#nextId++, grant, resumable);
    this.#byId.set(subscription.id, subscription);
    this.#byStream.set(subscription.stream, subscription);
    house.apiKeyGrants.hold(subscription);
    if (this.#held) this.#fresh.push(subscription);
    else this.#read(subscription);
    return subscription;
  }

  #watch(subscription: AccountSubscription): void {
    subscription.expiry?.cancel();
    const { deadline } = subscription.grant;
    if (deadline === null) return;
    subscription.expiry = this.#doors.house.clock.at(deadline, () => this.take(subscription, 'deadline'));
  }

  #expired({ grant }: AccountSubscription): boolean {
    return grant.deadline !== null && grant.deadline <= this.#doors.house.clock.now();
  }

  #remove(subscription: AccountSubscription): boolean {
    if (!this.#byId.delete(subscription.id)) return false;
    const { house } = this.#doors;
    this.#byStream.delete(subscription.stream);
    subscription.expiry?.cancel();
    subscription.resume?.stop();
    house.apiKeyGrants.release(subscription);
    house.router.detach(subscription);
    return true;
  }
}
