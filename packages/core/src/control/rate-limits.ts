import { BAN, type ConnectionRow, POOLS, type Pool, type PoolId } from '@listenpost/protocol';
import type { Clock } from '../clock.ts';
import { WireError } from './wire-error.ts';

/** Rows of `POOLS` with the config's overrides. `enforced: false` counts but never refuses. */
export interface LimitSettings {
  readonly enforced: boolean;
  readonly pools: Readonly<Record<PoolId, Pool>>;
  /** Connection rows that replace the table's, by their name. */
  readonly connections: Readonly<Record<string, ConnectionRow>>;
}

export const BINANCE_LIMITS: LimitSettings = { enforced: true, pools: POOLS, connections: {} };

/** What a pool stands at after a charge. */
export interface Usage {
  readonly pool: Pool;
  readonly count: number;
}

/**
 * Callers counted in one window of one pool. A caller past it is refused as if over its limit: an address flood must not
 * grow the table, and forgetting somebody would let the flood clear its own count.
 */
const SUBJECTS_MAX = 1_000_000;

interface Window {
  startedAt: number;
  readonly counts: Map<string, number>;
}

interface Ban {
  until: number;
  lengthMs: number;
}

/**
 * Request weights, 429 and 418 (derivatives §1.3; spot-margin §1.4). Windows are fixed and aligned to UTC; the count falls to 0
 * when the window turns. Weight is charged before anything else is looked at, so failures cost too.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #settings: LimitSettings;
  readonly #windows = new Map<string, Window>();
  readonly #bans = new Map<string, Ban>();

  constructor(clock: Clock, settings: LimitSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** The pools in force. */
  get pools(): LimitSettings['pools'] {
    return this.#settings.pools;
  }

  /** Charges `weight`. Throws the row for 429 or 418; `usage` of a refused charge is read with `usageOf`. */
  charge(poolId: PoolId, endpoint: string, subject: string, weight: number): Usage {
    const pool = this.#settings.pools[poolId];
    const window = this.#window(pool, endpoint);
    const count = this.#count(window, subject, weight);
    if (count === null) {
      if (this.#enforced) throw this.#tooMany(pool, window);
      return { pool, count: weight };
    }
    if (count > pool.limit && this.#enforced) throw this.#refuse(pool, window, subject, count);
    return { pool, count };
  }

  usageOf(poolId: PoolId, endpoint: string, subject: string): Usage {
    const pool = this.#settings.pools[poolId];
    return { pool, count: this.#window(pool, endpoint).counts.get(subject) ?? 0 };
  }

  /** Counts one handshake against the row's connection attempts. Throws the 429 row when it is one too many. */
  attempt(row: ConnectionRow, ip: string): void {
    if (row.attempts === undefined) return;
    const { limit, windowMs } = row.attempts;
    const window = this.#windowOf(`attempts ${row.name}`, windowMs);
    const count = this.#count(window, ip, 1);
    if ((count === null || count > limit) && this.#enforced) {
      throw new WireError('TOO_MANY_CONNECTIONS', [limit, `${windowMs / 60_000} MINUTES`], window.startedAt + windowMs);
    }
  }

  isByUid(poolId: PoolId): boolean {
    return this.#settings.pools[poolId].by === 'uid';
  }

  /** Throws the 418 row while the address is banned. */
  assertNotBanned(ip: string): void {
    if (this.#bans.size === 0 || !this.#enforced) return;
    const ban = this.#bans.get(ip);
    if (ban !== undefined && ban.until > this.#clock.now()) throw new WireError('IP_BANNED', [ban.until], ban.until);
  }

  get #enforced(): boolean {
    return this.#settings.enforced && !this.#clock.frozen;
  }

  /**
   * The subject's count after this, or null when the window has no room for one more subject. While time stands still
   * nothing is added: the window could not turn, and all of it would fall on the caller once time flows again.
   */
  #count({ counts }: Window, subject: string, weight: number): number | null {
    const known = counts.get(subject);
    if (this.#clock.frozen) return known ?? 0;
    if (known === undefined && counts.size >= SUBJECTS_MAX) return null;
    const count = (known ?? 0) + weight;
    counts.set(subject, count);
    return count;
  }

  #window(pool: Pool, endpoint: string): Window {
    return this.#windowOf(pool.perEndpoint ? `${pool.id} ${endpoint}` : pool.id, pool.windowMs);
  }

  #windowOf(name: string, windowMs: number): Window {
    const now = this.#clock.now();
    const startedAt = now - (now % windowMs);
    let window = this.#windows.get(name);
    if (window === undefined || window.startedAt !== startedAt) {
      window = { startedAt, counts: new Map() };
      this.#windows.set(name, window);
    }
    return window;
  }

  #tooMany(pool: Pool, window: Window): WireError {
    return new WireError('TOO_MANY_REQUESTS', [pool.limit], window.startedAt + pool.windowMs);
  }

  /** 429, until the caller has ignored it for as much weight again; then 418. A UID cannot be banned, only its address. */
  #refuse(pool: Pool, window: Window, subject: string, count: number): WireError {
    if (pool.by !== 'ip' || count < pool.limit * BAN.atFactor) return this.#tooMany(pool, window);
    const ban = this.#ban(subject);
    return new WireError('IP_BANNED', [ban.until], ban.until);
  }

  #ban(ip: string): Ban {
    const now = this.#clock.now();
    for (const [address, ban] of this.#bans) {
      if (ban.until + BAN.forgottenAfterMs < now) this.#bans.delete(address);
    }
    const last = this.#bans.get(ip);
    if (last !== undefined && last.until > now) return last;
    const lengthMs = last === undefined ? BAN.firstMs : Math.min(last.lengthMs * 2, BAN.longestMs);
    const ban = { until: now + lengthMs, lengthMs };
    this.#bans.set(ip, ban);
    return ban;
  }
}
