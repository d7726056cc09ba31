/**
 * Realistic sequences of account events, by command. Behind each stream is a small account whose books balance: what the
 * events say adds up from one trigger to the next, and is what signed REST reads. Nothing is kept over a restart; ids go
 * on growing.
 */
import type { AccountBooks, Clock, Random } from '@listenpost/core';
import {
  ACCOUNT_ID,
  type AccountBook,
  type ProductId,
  productOfScope,
  SYMBOLS,
  type SymbolRow,
} from '@listenpost/protocol';
import { EmulatorError } from './error.ts';
import { Ids } from './ids.ts';
import { type ParameterInfo, type Parameters, parameterInfo, readParameters } from './parameters.ts';
import { READ_ON, readBook } from './reading.ts';
import { tellOfNewStatus } from './risk-levels.ts';
import { type Play, SCENARIOS, type Scenario } from './scenarios.ts';
import { AT_EASE, type Book, copyOfBook, Stage } from './stage.ts';

export interface EmulatorDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Admits the events of one account, all or none, in order. Resolves when they are durable. */
  admit(account: string, events: readonly ScopedEvent[]): Promise<void>;
  /** Whether the account has a stream of the scope. */
  has(account: string, scope: string): boolean;
  /** What is traded; the built-in list when absent. */
  readonly symbols?: readonly SymbolRow[];
}

export interface ScopedEvent {
  readonly scope: string;
  readonly event: object;
}

export interface TriggerRequest {
  readonly account: string;
  readonly scope: string;
  readonly parameters: Record<string, unknown>;
}

export interface TriggerResult {
  readonly scenario: string;
  /** How many events were emitted. */
  readonly events: number;
  /** Of the order that the scenario made, where it made one. */
  readonly orderId?: number;
}

export interface ScenarioInfo {
  readonly name: string;
  readonly title: string;
  readonly products: readonly {
    readonly product: ProductId;
    readonly parameters: readonly ParameterInfo[];
    /** What a trigger without parameters emits to an account that has traded nothing. */
    readonly events: readonly string[];
  }[];
}

/** Cross margin's risk stream tells of the account that the margin stream tells of. */
const ONE_ACCOUNT: { readonly [Id in ProductId]?: ProductId } = { margin: 'risk', risk: 'margin' };

/**
 * Under which scope the books of a stream are kept, where that is not its own. USDⓈ-M and COIN-M are wallets of their own and
 * share their position mode.
 */
const BOOKS: Readonly<Record<string, string>> = { risk: 'margin', coinm: 'usdm' };
const booksOf = (scope: string): string => BOOKS[scope] ?? scope;

/** Accounts whose books are kept; forgetting one would break them, so a further one is refused. */
const BOOKS_MAX = 100_000;
/** Triggers of one stream that may wait for its earlier ones. */
const WAITING_MAX = 1000;

/** Plain data; amounts are bigints. */
export interface EmulatorState {
  readonly ids: readonly number[];
  /** By stream. */
  readonly books: ReadonlyMap<string, Book>;
}

/** An account and the triggers that wait for it: one plays at a time. */
interface Desk {
  /** Undefined until a first trigger succeeded. */
  book: Book | undefined;
  tail: Promise<unknown>;
  waiting: number;
}

export class Emulator implements AccountBooks {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #ids: Ids;
  readonly #admit: EmulatorDeps['admit'];
  readonly #has: EmulatorDeps['has'];
  readonly #symbols: readonly SymbolRow[];
  readonly #desks = new Map<string, Desk>();

  constructor({ clock, random, admit, has, symbols }: EmulatorDeps) {
    this.#clock = clock;
    this.#random = random;
    this.#ids = new Ids(clock, random);
    this.#admit = admit;
    this.#has = has;
    this.#symbols = symbols ?? SYMBOLS;
  }

  /** What the accounts hold and which ids were given, between two triggers. */
  state(): EmulatorState {
    const books = [...this.#desks].flatMap(([stream, { book }]) =>
      book === undefined ? [] : [[stream, copyOfBook(book)] as const],
    );
    return { ids: this.#ids.state, books: new Map(books) };
  }

  /** Goes on from such a state; before the first trigger. */
  restore({ ids, books }: EmulatorState): void {
    this.#ids.restore(ids);
    for (const [stream, book] of books) this.#deskOf(stream).book = copyOfBook(book);
  }

  scenarios(): readonly ScenarioInfo[] {
    return SCENARIOS.map(({ name, title, plays }) => ({
      name,
      title,
      products: Object.entries(plays).map(([product, { parameters, events }]) => ({
        product: product as ProductId,
        parameters: parameters.map(parameterInfo),
        events,
      })),
    }));
  }

  /**
   * Plays a scenario. Triggers of one stream play one after the other, each on the books that the last one left.
   * Rejects with `EmulatorError` for a bad request and with what `admit` rejected with; either leaves the books as they
   * were.
   */
  async trigger(name: string, request: TriggerRequest): Promise<TriggerResult> {
    const { scenario, play, parameters, product } = checked(name, request);
    const { account, scope } = request;
    return this.#inTurn(`${account}/${booksOf(scope)}`, async (desk) => {
      const book = desk.book === undefined ? openBook(account) : copyOfBook(desk.book);
      const sibling = ONE_ACCOUNT[product];
      const stage = new Stage({
        product,
        scope,
        venues: play.venues,
        symbols: this.#symbols,
        parameters,
        book,
        ids: this.#ids,
        now: this.#clock.now(),
        latencyMs: 1 + this.#roll(4),
        ...(sibling === undefined ? {} : { sibling: { product: sibling, there: this.#has(account, sibling) } }),
      });
      const orderId = play.run(stage);
      tellOfNewStatus(stage);
      // The scope itself, where the product keeps one for each symbol.
      const events = stage.emitted.map((each) => ({
        scope: each.product === product ? scope : each.product,
        event: each.event,
      }));
      await this.#admit(account, events);
      desk.book = book;
      return { scenario: scenario.name, events: events.length, ...(orderId === undefined ? {} : { orderId }) };
    });
  }

  /**
   * What an account holds, as of the last trigger whose events are durable. Accounts that nothing was triggered for hold what
   * they begin with.
   */
  read(account: string, scope: string): AccountBook {
    const product = productOfScope(scope)?.id;
    const venues = product === undefined ? undefined : READ_ON[product];
    if (product === undefined || venues === undefined) throw new Error(`${scope} has no account to be read`);
    const book = this.#desks.get(`${account}/${booksOf(scope)}`)?.book ?? openBook(account);
    const stage = new Stage({
      product,
      scope,
      venues: [venues[0]],
      symbols: this.#symbols,
      parameters: {},
      book: copyOfBook(book),
      ids: this.#ids,
      now: book.lastT,
      latencyMs: 0,
    });
    return readBook(stage, venues);
  }

  /** Whether the request could be played, as far as that does not depend on the books. @throws EmulatorError */
  check(name: string, request: TriggerRequest): void {
    checked(name, request);
  }

  async #inTurn<Result>(stream: string, play: (desk: Desk) => Promise<Result>): Promise<Result> {
    const desk = this.#deskOf(stream);
    if (desk.waiting >= WAITING_MAX) {
      throw new EmulatorError(
        'scope',
        `already has ${WAITING_MAX} triggers waiting; send the next when some have answered`,
      );
    }
    desk.waiting += 1;
    const turn = desk.tail.then(() => play(desk));
    // The next one plays whether or not this one failed; its failure is its caller's.
    desk.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      desk.waiting -= 1;
      if (desk.waiting === 0 && desk.book === undefined) this.#desks.delete(stream);
    }
  }

  #deskOf(stream: string): Desk {
    const known = this.#desks.get(stream);
    if (known !== undefined) return known;
    if (this.#desks.size >= BOOKS_MAX) {
      throw new EmulatorError(
        'account',
        `would be one stream too many: the emulator keeps books of ${BOOKS_MAX}; use one of them`,
      );
    }
    const opened: Desk = { book: undefined, tail: Promise.resolve(), waiting: 0 };
    this.#desks.set(stream, opened);
    return opened;
  }

  /** A whole number from 0 to below `sides`; `sides` is at most 256. */
  #roll(sides: number): number {
    return (this.#random.bytes(1)[0] ?? 0) % sides;
  }
}

const openBook = (account: string): Book => ({
  alias: aliasOf(account),
  judged: AT_EASE,
  hedged: false,
  lastT: 0,
  ledgers: new Map(),
});

/** An account keeps its alias, as its id, over restarts: four letters that follow from the id. */
function aliasOf(account: string): string {
  let hash = 0x811c9dc5;
  for (const letter of account) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return Array.from({ length: 4 }, (_, at) => ALIAS_LETTERS[(hash >>> (at * 8)) % ALIAS_LETTERS.length]).join('');
}

const ALIAS_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

interface Checked {
  readonly scenario: Scenario;
  readonly product: ProductId;
  readonly play: Play;
  readonly parameters: Parameters;
}

function checked(name: string, request: TriggerRequest): Checked {
  const { scenario, product, play } = findPlay(name, request.scope);
  if (!ACCOUNT_ID.test(request.account)) {
    throw new EmulatorError('account', 'must be 1 to 64 of the characters A-Z a-z 0-9 . _ -');
  }
  const parameters = readParameters(play.parameters, request.parameters, `${scenario.name} on ${product}`);
  return { scenario, product, play, parameters };
}

/** How a scope of the product is written. */
function scopeForm(product: string): string {
  return productOfScope(product) === undefined ? `${product}:<SYMBOL>` : product;
}

function findPlay(name: string, scope: string): { scenario: Scenario; product: ProductId; play: Play } {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) {
    const known = SCENARIOS.map((candidate) => candidate.name).join(', ');
    throw new EmulatorError('scenario', `${JSON.stringify(name)} is not known; use one of ${known}`);
  }
  const product = productOfScope(scope)?.id;
  const play = product === undefined ? undefined : scenario.plays[product];
  if (product === undefined || play === undefined) {
    const known = Object.keys(scenario.plays).map(scopeForm).join(', ');
    throw new EmulatorError('scope', `${JSON.stringify(scope)} has no ${name}; it exists on ${known}`);
  }
  return { scenario, product, play };
}
