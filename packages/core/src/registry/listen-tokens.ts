import { LISTEN_TOKEN_LIFECYCLE, PRODUCTS, type Product, scopeOfSymbol } from '@listenpost/protocol';
import type { Clock } from '../clock.ts';
import { WireError } from '../control/wire-error.ts';
import { type SecretBox, TOKEN_PAYLOAD_BYTES } from '../crypto.ts';
import { refusalOf } from '../lifecycle.ts';
import type { RegistryStore } from '../registry-store.ts';
import type { Accounts, ApiKey, StreamPlace } from './accounts.ts';
import { SYMBOL_NUMBERS_SETTING, SymbolNumbers } from './symbol-numbers.ts';

/** Default and maximum of `validity` (spot-margin §4.3). */
export const TOKEN_VALIDITY_MS_MAX = 86_400_000;

/** What a good token says. */
export interface ListenToken {
  readonly apiKey: ApiKey;
  readonly place: StreamPlace;
  /** First instant at which it no longer opens anything, in ms. */
  readonly deadline: number;
}

export interface ListenTokenDoors {
  readonly clock: Clock;
  readonly secrets: SecretBox;
  readonly accounts: Accounts;
  /** The symbols that have isolated accounts. */
  readonly symbols: ReadonlySet<string>;
}

/** Tokens are of margin accounts alone (spot-margin §9). */
const CROSS: Product = PRODUCTS.margin;
const CROSS_NUMBER = 0;

/**
 * listenTokens: sealed, and stored nowhere (docs/decisions/0006). What a token says is checked against accounts and API keys
 * in memory, so that one whose API key is gone opens nothing.
 */
export class ListenTokens {
  readonly #doors: ListenTokenDoors;
  #symbolNumbers: SymbolNumbers;
  /** Tokens that were expired before their deadline, by what tells them apart; each is let go of at its deadline. */
  readonly #expired = new Set<string>();

  constructor(doors: ListenTokenDoors) {
    this.#doors = doors;
    this.#symbolNumbers = new SymbolNumbers(doors.symbols);
  }

  /** Takes over the symbols' numbers and stores those that are new. No token may be made or read before this resolves. */
  async restore(settings: ReadonlyMap<string, string>, store: RegistryStore): Promise<void> {
    const stored = settings.get(SYMBOL_NUMBERS_SETTING);
    this.#symbolNumbers = new SymbolNumbers(this.#doors.symbols, stored);
    const value = this.#symbolNumbers.text;
    if (value !== stored) await store.commit([{ kind: 'putSetting', name: SYMBOL_NUMBERS_SETTING, value }]);
  }

  /**
   * A new token for the account's cross margin, or for its isolated margin of `symbol`. Tokens made before stay good.
   * Throws the row of what is wrong: the symbol is unknown, or the account has no such margin account.
   */
  issue(apiKey: ApiKey, symbol: string | undefined, validityMs: number): { token: string; deadline: number } {
    const { clock, secrets, symbols } = this.#doors;
    if (symbol !== undefined && !symbols.has(symbol)) throw new WireError('BAD_SYMBOL');
    if (this.#place(apiKey, symbol) === undefined) throw new WireError('MARGIN_ACCOUNT_NOT_FOUND');
    const deadline = clock.now() + validityMs;
    const payload = packed({
      account: apiKey.account.number,
      apiKey: apiKey.number,
      symbol: symbol === undefined ? CROSS_NUMBER : (this.#symbolNumbers.numberOf(symbol) ?? CROSS_NUMBER),
      deadline,
    });
    return { token: secrets.sealToken(payload), deadline };
  }

  /** The stream's token of this deadline opens nothing from now on. Lasts as long as the process. */
  expire(stream: string, deadline: number): void {
    const name = `${stream} ${deadline}`;
    this.#expired.add(name);
    this.#doors.clock.at(deadline, () => this.#expired.delete(name));
  }

  /** Throws the one row there is for a token that is malformed, forged, expired, revoked or out of its API key's reach. */
  read(text: string): ListenToken {
    const { clock, secrets, accounts } = this.#doors;
    const payload = secrets.openToken(text);
    if (payload === undefined) throw deadToken();
    const { account, apiKey: apiKeyNumber, symbol: symbolNumber, deadline } = unpacked(payload);
    const left = deadline - clock.now();
    const apiKey = accounts.apiKeyOfNumber(apiKeyNumber);
    // A deadline further away than any validity was made under a clock that is not this one.
    if (left <= 0 || left > TOKEN_VALIDITY_MS_MAX || apiKey === undefined || apiKey.account.number !== account) {
      throw deadToken();
    }
    const symbol = symbolNumber === CROSS_NUMBER ? undefined : this.#symbolNumbers.symbolOf(symbolNumber);
    const known = symbolNumber === CROSS_NUMBER || symbol !== undefined;
    const place = known && apiKey.permits(CROSS.permission) ? this.#place(apiKey, symbol) : undefined;
    if (place === undefined || this.#expired.has(`${place.stream} ${deadline}`)) throw deadToken();
    return { apiKey, place, deadline };
  }

  #place({ account }: ApiKey, symbol: string | undefined): StreamPlace | undefined {
    const scope = symbol === undefined ? CROSS.id : scopeOfSymbol(CROSS, symbol);
    return scope === undefined ? undefined : account.place(scope, this.#doors.symbols);
  }
}

/** Whatever is wrong with it, in whatever state its subscription is. */
const deadToken = () => refusalOf(LISTEN_TOKEN_LIFECYCLE, LISTEN_TOKEN_LIFECYCLE.initial, 'subscribeDead');

interface Payload {
  readonly account: number;
  readonly apiKey: number;
  readonly symbol: number;
  readonly deadline: number;
}

/** Three numbers of 32 bits, the deadline in 48, all big-endian, and a byte of zero that is kept for later. */
function packed({ account, apiKey, symbol, deadline }: Payload): Uint8Array {
  const bytes = new Uint8Array(TOKEN_PAYLOAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, account);
  view.setUint32(4, apiKey);
  view.setUint32(8, symbol);
  view.setUint16(12, Math.floor(deadline / 2 ** 32));
  view.setUint32(14, deadline % 2 ** 32);
  return bytes;
}

function unpacked(bytes: Uint8Array): Payload {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    account: view.getUint32(0),
    apiKey: view.getUint32(4),
    symbol: view.getUint32(8),
    deadline: view.getUint16(12) * 2 ** 32 + view.getUint32(14),
  };
}
