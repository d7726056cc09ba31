import { SESSION_LIFECYCLE, type SessionInput, type SessionState, type TimeUnit } from '@listenpost/protocol';
import type { AccountSubscriptions } from '../connections/account-subscriptions.ts';
import { decide } from '../lifecycle.ts';
import type { ApiKey } from '../registry/accounts.ts';
import { WireError } from './wire-error.ts';

interface Logon {
  readonly apiKey: ApiKey;
  readonly since: number;
}

export interface SessionTraits {
  readonly connectedSince: number;
  /** The connection's default, from its URL. */
  readonly returnRateLimits: boolean;
  /** Of the times in its answers and events. */
  readonly timeUnit: TimeUnit;
  /** Undefined where account streams are not read on this very connection. */
  readonly subscriptions: AccountSubscriptions | undefined;
}

/** What a WebSocket API connection remembers between requests (spot-margin §2.5; derivatives §2.4). */
export class Session {
  readonly connectedSince: number;
  readonly returnRateLimits: boolean;
  readonly timeUnit: TimeUnit;
  readonly subscriptions: AccountSubscriptions | undefined;
  #state: SessionState = SESSION_LIFECYCLE.initial;
  #logon: Logon | undefined;

  constructor({ connectedSince, returnRateLimits, timeUnit, subscriptions }: SessionTraits) {
    this.connectedSince = connectedSince;
    this.returnRateLimits = returnRateLimits;
    this.timeUnit = timeUnit;
    this.subscriptions = subscriptions;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Of the logon. */
  get apiKey(): ApiKey | undefined {
    return this.#logon?.apiKey;
  }

  get authorizedSince(): number | null {
    return this.#logon?.since ?? null;
  }

  logon(apiKey: ApiKey, since: number): void {
    this.#take('logon', { apiKey, since });
  }

  logout(): void {
    this.#take('logout');
  }

  /** The key of a request that only a logon allows. Throws the row of an anonymous session. */
  keyOfLogon(): ApiKey {
    this.#take('request');
    // No key in spite of the table's leave: the table and this class have come apart.
    if (this.#logon === undefined) throw new Error('a session that is not logged on allowed what needs a logon');
    return this.#logon.apiKey;
  }

  /** The account of the logon was put anew, with this key in it. */
  refresh(apiKey: ApiKey): void {
    if (this.#logon !== undefined) this.#logon = { ...this.#logon, apiKey };
  }

  /** The key of the logon went. What the request that found it out is answered. */
  revoke(): WireError {
    const { answers } = this.#take('revoke');
    if (answers === undefined) throw new Error('the table does not say what a revocation answers');
    return new WireError(answers);
  }

  /** The connection ended. */
  close(): void {
    this.#take('close');
    this.subscriptions?.release();
  }

  /** By the table: which state follows, and whether the subscriptions of the logon end with a word. */
  #take(input: SessionInput, logon = this.#logon) {
    const transition = decide(SESSION_LIFECYCLE, this.#state, input);
    this.#state = transition.to;
    this.#logon = transition.to === 'loggedOn' ? logon : undefined;
    if (transition.tells === 'eventStreamTerminated') this.subscriptions?.closeLogon();
    return transition;
  }
}
