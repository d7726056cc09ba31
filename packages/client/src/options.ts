/** What `userDataStream` takes, and how it is read. */
import { PRODUCTS } from '@listenpost/protocol';
import type { CursorStore } from './cursor/cursor-store.ts';
import type { Doors } from './doors.ts';
import { OptionsError } from './errors.ts';
import type { LineSettings } from './feed/line.ts';
import type { AccountState } from './keep/account-watch.ts';
import type { ClientProduct } from './products.ts';
import type { ProductUrls, Venue } from './venues.ts';
import type { Format } from './wire/event-frame.ts';

/** For whom and why a snapshot is taken. */
export interface SnapshotContext {
  /** `spot`, `margin`, `isolated:BTCUSDT`, `usdm`, … */
  readonly scope: string;
  /** `start`: the stream begins. `gap`: events may have been missed. */
  readonly reason: 'start' | 'gap';
  /** Aborted when the stream ends. */
  readonly signal: AbortSignal;
}

/**
 * Asks an account what it says of itself. Rejects where it cannot be asked: the stream is then `suspect`, not dead. So does one that
 * has not answered within ten seconds.
 */
export type CheckAccount = (scope: string) => Promise<AccountState>;

/** Which account's stream is read, where, and how carefully. Only `product` and a right to read it must be given. */
export interface UserDataStreamOptions<P extends ClientProduct = ClientProduct, State = unknown> {
  /** What is traded; isolated margin is read by `margin` with `symbols`. */
  readonly product: P;
  /** As the venue shows it. Not needed where `listenKey` or `listenToken` is given. */
  readonly apiKey?: string;
  /** The API secret of an HMAC key. Needed, like `privateKey`, only where requests are signed: Spot, and account checks. */
  readonly secret?: string;
  /** PEM of an RSA or Ed25519 key. */
  readonly privateKey?: string;
  /** Of an encrypted `privateKey`; on Node and Bun alone. */
  readonly passphrase?: string;
  /**
   * Instead of `apiKey`, for a program that must hold none, such as a page: asks whoever does for the account's listenKey, made or
   * extended just now, as the venue answers to POST. Called before every connection, and at half of the key's validity. Where
   * it fails it is called again, unless it throws an error whose `shouldRetry()` says no.
   */
  readonly listenKey?: () => Promise<string>;
  /**
   * The same for margin: a new listenToken for the scope (`margin` or `isolated:<SYMBOL>`), made with this `validity`; see
   * `tokenValidityMs`. One that lives shorter than it was asked for lapses before it is renewed.
   */
  readonly listenToken?: (scope: string, validityMs: number) => Promise<string>;

  /** Where to listen; `production` unless said otherwise. */
  readonly venue?: 'production' | 'testnet' | 'demo' | Venue;
  /** Instead of `venue`: the one origin of all APIs of a venue that copies the protocol, or each. Without `resume`. */
  readonly baseUrl?: string | ProductUrls;
  /** Margin: the symbols whose isolated accounts are read. */
  readonly symbols?: readonly string[];
  /** Margin: whether the cross account is read. Default: true without `symbols`, false with them. */
  readonly cross?: boolean;
  /** `json()` unless said otherwise; `sbe()` on Spot and margin. */
  readonly format?: Format;

  /** Where to begin: `latest`, a position, or a cursor. What a `cursorStore` holds goes before it. */
  readonly from?: string;
  /** Where the cursor is kept, so that the next run goes on where this one stopped: a file, Redis, memory, your own. */
  readonly cursorStore?: CursorStore;
  /** The name under which the cursor is stored. Default: product and venue; needed where two bots share a store. */
  readonly cursorKey?: string;
  /**
   * When the cursor is stored. `each`: before the next event is handed out, so that a restart repeats at most the event that
   * was being handled. `background`: as fast as the store takes it. `manual`: by `commit()`.
   */
  readonly commit?: 'each' | 'background' | 'manual';

  /** Two connections at once, merged: for those who cannot lose a fill. */
  readonly parallel?: 1 | 2;
  /** What may wait for the consumer, in bytes. Default 16 MiB; more ends the stream with `BackpressureError`. */
  readonly bufferBytesMax?: number;
  /** Age at which a connection hands over to the next, in ms. Default 23 h: the venue cuts at 24 h. */
  readonly handoverAfterMs?: number;
  /** Of each listenToken, in ms; 1,000 to 86,400,000. Default 24 h. */
  readonly tokenValidityMs?: number;
  /** Silence after which `live` becomes `quiet`, in ms. Default one minute. */
  readonly quietAfterMs?: number;
  /** Silence after which the account is asked whether anything happened, in ms. Default five minutes. */
  readonly checkAfterMs?: number;
  /** How the account is asked. Default: the venue's cheapest way, where a secret is given and there is one; false: never. */
  readonly check?: CheckAccount | false;
  /**
   * Runs after subscribing and before anything is handed out, at the start and behind each gap: what it answers comes as a
   * `snapshot`, and then every event since.
   */
  readonly snapshot?: (context: SnapshotContext) => Promise<State>;
  /** Ends the stream when it is aborted, as `close` does. */
  readonly signal?: AbortSignal;

  /** How a connection is proven alive. */
  readonly line?: Partial<LineSettings>;
  /** False lets duplicates of overlapping connections through. Only for tests that must fail without it. */
  readonly deduplicate?: boolean;
  /** Other doors than the runtime's: a simulation, a recorder. */
  readonly doors?: Doors;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const TOKEN_VALIDITY_MS_MAX = 24 * HOUR;

/** The numbers of the options with their defaults and bounds: what is outside makes no sense, or no stream. */
export const BOUNDS = {
  bufferBytesMax: { standard: 16 * 1024 * 1024, min: 64 * 1024, max: 4 * 1024 ** 3 },
  handoverAfterMs: { standard: 23 * HOUR, min: MINUTE, max: 24 * HOUR },
  tokenValidityMs: { standard: TOKEN_VALIDITY_MS_MAX, min: 1000, max: TOKEN_VALIDITY_MS_MAX },
  quietAfterMs: { standard: MINUTE, min: 1000, max: 24 * HOUR },
  checkAfterMs: { standard: 5 * MINUTE, min: 10_000, max: 24 * HOUR },
} as const;

type Bounded = keyof typeof BOUNDS;

/** @throws OptionsError */
export function bounded(options: UserDataStreamOptions, name: Bounded): number {
  const { standard, min, max } = BOUNDS[name];
  const value = options[name] ?? standard;
  if (!Number.isFinite(value) || value < min || value > max) {
    throw new OptionsError(`${name}: ${value} is not a number from ${min} to ${max}`);
  }
  return value;
}

/** What a symbol may look like. The venue knows which there are. */
const SYMBOL = /^[^\s/:]{1,64}$/u;

/** The scopes that are read: the product's own, or those of margin that were chosen. @throws OptionsError */
export function scopesOf({ product, symbols = [], cross }: UserDataStreamOptions): readonly string[] {
  const isolated = [...new Set(symbols)];
  const row = PRODUCTS[product];
  if (row.isolatedAs === undefined) {
    if (isolated.length > 0 || cross !== undefined) {
      throw new OptionsError(`symbols, cross: ${product} has one account for all symbols; leave them out`);
    }
    return [product];
  }
  for (const symbol of isolated) {
    if (typeof symbol !== 'string' || !SYMBOL.test(symbol)) {
      throw new OptionsError(`symbols: "${String(symbol)}" is no symbol; one looks like "BTCUSDT"`);
    }
  }
  const scopes = [
    ...((cross ?? isolated.length === 0) ? [product] : []),
    ...isolated.map((symbol) => `${row.isolatedAs}:${symbol}`),
  ];
  if (scopes.length === 0) throw new OptionsError('symbols: name at least one, or set cross to true');
  return scopes;
}
