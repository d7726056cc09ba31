import {
  type AsOf,
  type ConnectionRow,
  type EndName,
  type Endpoint,
  PRODUCTS,
  type Product,
  type Rules,
  rulesAsOf,
  type SymbolRow,
} from '@listenpost/protocol';
import type { AccountBooks } from './account-books.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connections/connection.ts';
import type { Request } from './control/call.ts';
import { answer, type Reply } from './control/hallway.ts';
import { type LimitSettings, RateLimits } from './control/rate-limits.ts';
import { RequestTally } from './control/request-tally.ts';
import { WireError } from './control/wire-error.ts';
import type { Crypto, SecretBox } from './crypto.ts';
import type { Validation } from './data/admit-event.ts';
import { MicrosecondBodies } from './data/microseconds.ts';
import { ReadingDesk } from './data/reading-desk.ts';
import { Router } from './data/router.ts';
import { SbeFrames } from './data/sbe-frames.ts';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';
import { Accounts, type AddressMatcher, type ApiKey, type StreamPlace } from './registry/accounts.ts';
import { ApiKeyGrants } from './registry/api-key-grants.ts';
import { ListenKeys } from './registry/listen-keys.ts';
import { ListenTokens } from './registry/listen-tokens.ts';
import type { RegistryStore } from './registry-store.ts';

const SYMBOL_SCOPES_OF = Object.values(PRODUCTS).map(({ symbolsOf }) => symbolsOf);
/** Whether a scope may carry this symbol. */
const namesScope = ({ product }: SymbolRow) => SYMBOL_SCOPES_OF.includes(product);

/** Everything that comes in by a door. */
export interface Doors {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly secrets: SecretBox;
  readonly journal: Journal;
  readonly store: RegistryStore;
  readonly addressMatcher: AddressMatcher;
  /** Absent where nobody keeps accounts: the calls that read them are then unknown paths. */
  readonly accountBooks?: AccountBooks;
  /** The clocks a timestamp of this key may fit, in ms: the house's own, and in the emulator the machine's too. */
  signingClocks(apiKey: ApiKey, product: Product): readonly number[];
  /** What stands before the control hallway, of both doors; `walk` is the hallway itself. Absent: nothing. */
  beforeHallway?(request: Request, walk: () => Promise<Reply>): Promise<Reply>;
  /** An unexpected state: told to the operator, never to the wire. */
  report(cause: unknown): void;
  /** One line for the operator, the first time a key meets a path that fell silent. */
  noticeLegacyPath(product: Product): void;
  /** A connection was ended by a row of `ENDS`. */
  connectionEnded(name: EndName): void;
}

export interface Settings {
  readonly limits: LimitSettings;
  readonly validation: Validation;
  readonly symbols: readonly SymbolRow[];
  readonly legacyPaths: 'silent' | 'deliver' | '404';
  /** Of `expirationTime` in the answer to a subscribe: as the connection asked, or always microseconds (spot-margin §3.5). */
  readonly expirationTimeUnit: 'timeUnit' | 'microseconds';
  /** Off: a WebSocket API connection that asks for SBE is refused (spot-margin §7.2). */
  readonly sbe: 'on' | 'off';
  /** Whose rules are in force at first. Absent: the newest. */
  readonly asOf?: AsOf;
}

/**
 * The one place that wires core together. Both hallways run through it:
 *
 *   data     source → admitEvent → journal → router → envelope → socket
 *                                     └────→ resume ───┘
 *   control  request → weigh → authenticate → method → registry → reply
 */
export class House {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly store: RegistryStore;
  readonly accountBooks: AccountBooks | undefined;
  readonly accounts: Accounts;
  readonly listenKeys: ListenKeys;
  readonly listenTokens: ListenTokens;
  readonly apiKeyGrants = new ApiKeyGrants();
  readonly limits: RateLimits;
  readonly limitsEnforced: boolean;
  readonly router = new Router();
  readonly readingDesk = new ReadingDesk();
  readonly microsecondBodies = new MicrosecondBodies();
  readonly sbeFrames = new SbeFrames();
  readonly requests = new RequestTally();
  readonly connections = new Set<Connection>();
  readonly symbols: readonly SymbolRow[];
  /** The symbols that `isolated:<SYMBOL>` may name. */
  readonly knownSymbols: ReadonlySet<string>;
  readonly validation: Validation;
  readonly legacyPaths: Settings['legacyPaths'];
  readonly expirationTimeUnit: Settings['expirationTimeUnit'];
  readonly sbe: Settings['sbe'];
  /** The control hallway, from either door. */
  readonly answer: (request: Request) => Promise<Reply>;
  readonly #doors: Doors;
  #rules: Rules;
  readonly #noticed = new Set<string>();
  readonly #connectionRows: Readonly<Record<string, ConnectionRow>>;
  #connectionCount = 0;

  constructor(doors: Doors, settings: Settings) {
    const { clock, random, crypto, secrets, journal, store, addressMatcher } = doors;
    this.#doors = doors;
    const { beforeHallway } = doors;
    this.answer =
      beforeHallway === undefined
        ? (request) => answer(this, request)
        : (request) => beforeHallway(request, () => answer(this, request));
    this.clock = clock;
    this.random = random;
    this.journal = journal;
    this.store = store;
    this.accountBooks = doors.accountBooks;
    this.accounts = new Accounts(crypto, addressMatcher);
    this.listenKeys = new ListenKeys({ clock, crypto, random, secrets, store });
    this.limits = new RateLimits(clock, settings.limits);
    this.#connectionRows = settings.limits.connections;
    this.limitsEnforced = settings.limits.enforced;
    this.symbols = settings.symbols;
    this.knownSymbols = new Set(settings.symbols.filter(namesScope).map(({ symbol }) => symbol));
    this.validation = settings.validation;
    this.legacyPaths = settings.legacyPaths;
    this.expirationTimeUnit = settings.expirationTimeUnit;
    this.sbe = settings.sbe;
    this.#rules = rulesAsOf(settings.asOf ?? 'latest');
    this.listenTokens = new ListenTokens({ clock, secrets, accounts: this.accounts, symbols: this.knownSymbols });
    this.accounts.onChanged((id) => this.apiKeyGrants.review(id));
    journal.onCommitted((records) => this.router.deliver(records));
  }

  /** The rows in force. The clock does not move them. */
  get rules(): Rules {
    return this.#rules;
  }

  /** Puts other rules in force, for open connections too. Events that were published stay as they are. */
  replaceRules(rules: Rules): void {
    this.#rules = rules;
    for (const connection of this.connections) connection.rulesReplaced();
  }

  /** Whether this house can answer the endpoint at all. */
  serves({ reads }: Endpoint): boolean {
    return reads === undefined || this[reads] !== undefined;
  }

  signingClocks(apiKey: ApiKey, product: Product): readonly number[] {
    return this.#doors.signingClocks(apiKey, product);
  }

  report(cause: unknown): void {
    this.#doors.report(cause);
  }

  connectionEnded(name: EndName): void {
    this.#doors.connectionEnded(name);
  }

  /** The row in force: the table's, or what the config puts in its place. */
  connectionRow(row: ConnectionRow): ConnectionRow {
    return this.#connectionRows[row.name] ?? row;
  }

  /** The key's own account stream of a product. Throws -2015 when the account has none. */
  placeOf({ account }: ApiKey, product: Product): StreamPlace {
    const place = account.place(product.id, this.knownSymbols);
    if (place === undefined) throw new WireError('REJECTED_MBX_KEY');
    return place;
  }

  nextConnectionId(): string {
    return `c${++this.#connectionCount}`;
  }

  /** Whether a key of this product hears its events on a path that the exchange has silenced. */
  deliversLegacyPath(product: Product): boolean {
    if (this.legacyPaths === 'deliver') return true;
    if (!this.#noticed.has(product.id)) {
      this.#noticed.add(product.id);
      this.#doors.noticeLegacyPath(product);
    }
    return false;
  }
}
