/**
 * Realistic sequences of account events, by command. Each stream has a small account whose books balance: what the
 * events say adds up from one trigger to the next. Nothing is kept over a restart; ids go on growing.
 */
import type { Clock, Random } from '@listenpost/core';
import { ACCOUNT_ID, type ProductId, productOfScope, SYMBOLS, type SymbolRow } from '@listenpost/protocol';
import { EmulatorError } from './error.ts';
import { Ids } from './ids.ts';
import { type ParameterInfo, parameterInfo, readParameters } from './parameters.ts';
import { type Play, SCENARIOS, type Scenario } from './scenarios.ts';
import { type Book, Stage } from './stage.ts';

export interface EmulatorDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Admits the events of one stream, all or none, in order. Resolves when they are durable. */
  admit(account: string, scope: string, events: object[]): Promise<void>;
  /** What is traded; the built-in list when absent. */
  readonly symbols?: readonly SymbolRow[];
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

/** Streams that have an account of their own; forgetting one would break its books, so a further one is refused. */
const BOOKS_MAX = 100_000;
/** Triggers of one stream that may wait for its earlier ones. */
const WAITING_MAX = 1000;

/** A stream's account and the triggers that wait for it: one plays at a time. */
interface Desk {
  /** Undefined until a first trigger succeeded. */
  book: Book | undefined;
  tail: Promise<unknown>;
  waiting: number;
}

export class Emulator {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #ids: Ids;
  readonly #admit: EmulatorDeps['admit'];
  readonly #symbols: readonly SymbolRow[];
  readonly #desks = new Map<string, Desk>();

  constructor({ clock, random, admit, symbols }: EmulatorDeps) {
    this.#clock = clock;
    this.#random = random;
    this.#ids = new Ids(clock, random);
    this.#admit = admit;
    this.#symbols = symbols ?? SYMBOLS;
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
    const { scenario, product, play } = findPlay(name, request.scope);
    if (!ACCOUNT_ID.test(request.account)) {
      throw new EmulatorError('account', 'must be 1 to 64 of the characters A-Z a-z 0-9 . _ -');
    }
    const parameters = readParameters(play.parameters, request.parameters, `${scenario.name} on ${product}`);
    return this.#inTurn(`${request.account}/${request.scope}`, async (desk) => {
      const book = desk.book === undefined ? this.#openBook() : structuredClone(desk.book);
      const stage = new Stage({
        product,
        scope: request.scope,
        venues: play.venues,
        symbols: this.#symbols,
        parameters,
        book,
        ids: this.#ids,
        now: this.#clock.now(),
        latencyMs: 1 + this.#roll(4),
      });
      const orderId = runOf(play, stage)(stage);
      await this.#admit(request.account, request.scope, stage.events);
      desk.book = book;
      return { scenario: scenario.name, events: stage.events.length, ...(orderId === undefined ? {} : { orderId }) };
    });
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

  #openBook(): Book {
    return { alias: this.#ids.letters(4), lastT: 0, ledgers: new Map() };
  }

  /** A whole number from 0 to below `sides`; `sides` is at most 256. */
  #roll(sides: number): number {
    return (this.#random.bytes(1)[0] ?? 0) % sides;
  }
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

function runOf(play: Play, { venue, product }: Stage): (stage: Stage) => number | undefined {
  const run = play.run[venue.name];
  if (run === undefined) throw new Error(`${product} has a scenario that ${venue.name} cannot play`);
  return run;
}
