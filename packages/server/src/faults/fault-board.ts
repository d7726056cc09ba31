import {
  type Connection,
  type Frame,
  type House,
  type Random,
  type Reply,
  type Request,
  seededRandom,
  type VirtualClock,
} from '@listenpost/core';
import { productOfScope } from '@listenpost/protocol';
import type { Answer, Hearing, Intermediary, Visit } from '../edge/intermediary.ts';
import { type Subject, subjectOfConnection, subjectOfVisit } from '../edge/subject.ts';
import { Fault, type FaultSpec, type Occasion } from './fault.ts';
import { FaultyLine } from './faulty-line.ts';
import { FAULTS } from './index.ts';

/** Set at once. Far more than anybody can reason about; a test that forgets to remove its own meets it. */
const FAULTS_MAX = 100;

/** A fault that cannot be set. The message names the field and what would be right. */
export class FaultError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FaultError';
  }
}

/** Something that a fault did. */
export interface FaultDeed {
  readonly fault: Fault;
  readonly did: string;
  readonly subject: Subject;
  /** What it did it to, where that was on its way to the client. */
  readonly frame: Frame | undefined;
}

export interface FaultBoardDoors {
  /** It stands before a house that knows it: each is there when the other is asked. */
  readonly house: () => House;
  readonly clock: VirtualClock;
  readonly random: Random;
  /** What may be held back on one connection, as in its outbox. */
  readonly heldBytesMax: number;
  /** For the request journal, which faults never lie to. */
  tell(deed: FaultDeed): void;
}

/** The faults that are set, in the order in which they act, and the doors at which they stand. */
export class FaultBoard implements Intermediary {
  /** Connections that are open. */
  readonly lines = new Set<FaultyLine>();
  readonly #doors: FaultBoardDoors;
  #set: readonly Fault[] = [];
  #nextId = 1;

  constructor(doors: FaultBoardDoors) {
    this.#doors = doors;
  }

  get house(): House {
    return this.#doors.house();
  }

  /** Whether none is set. */
  get idle(): boolean {
    return this.#set.length === 0;
  }

  get all(): readonly Fault[] {
    return this.#set;
  }

  get withLines(): readonly Fault[] {
    return this.#set.filter(({ acts }) => acts.line !== undefined);
  }

  /** Sets a fault; it acts from now on, and has acted already where it acts at once. Throws `FaultError`. */
  add(spec: FaultSpec): Fault {
    const row = FAULTS.find(({ name }) => name === spec.fault);
    if (row === undefined) throw new FaultError(`fault: there is no "${spec.fault}"`);
    this.#assertAims(spec);
    const { clock } = this.#doors;
    const until = spec.forMs === undefined ? undefined : clock.now() + spec.forMs;
    const fault = new Fault(`f${this.#nextId++}`, row, spec, this.#diceOf(spec), until);
    if (fault.acts.now !== undefined) {
      this.#doNow(fault);
      return fault;
    }
    this.#makeRoom();
    this.#set = [...this.#set, fault];
    this.#meetOpen(fault);
    if (until !== undefined) clock.at(until, () => this.#end(fault, false));
    return fault;
  }

  /** Ends a fault, and what it holds back goes on its way. False when there is none of this id. */
  remove(id: string): boolean {
    const fault = this.#set.find((each) => each.id === id);
    if (fault === undefined) return false;
    this.#end(fault, true);
    return true;
  }

  removeAll(): number {
    const ids = this.#set.map(({ id }) => id);
    for (const id of ids) this.remove(id);
    return ids.length;
  }

  visit(visit: Visit, serve: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    if (this.idle) return serve();
    const subject = subjectOfVisit(this.house, visit);
    const chain = this.#set.reduceRight((next, fault) => {
      const { visit: act } = fault.acts;
      if (act === undefined || !fault.aimsAt(subject)) return next;
      return () => act({ ...visit, house: this.house, serve: next }, this.occasionOf(fault, subject));
    }, serve);
    return chain();
  }

  hearing(connection: Connection, _visit: Visit, inner: Hearing): Hearing {
    return new FaultyLine(this, connection, inner, this.#doors.heldBytesMax);
  }

  /** Before the control hallway, of both doors. */
  call(request: Request, walk: () => Promise<Reply>): Promise<Reply> {
    if (this.idle) return walk();
    const { caller, product } = request;
    const subject = {
      accounts: accountsOf(this.house, request),
      products: [product.id],
      connection: undefined,
      streams: [],
    };
    const chain = this.#set.reduceRight((next, fault) => {
      const { call, clockOffMs } = fault.acts;
      // REST meets the other faults at its own door, where answers are not yet told apart from pages.
      const stands = call !== undefined && (clockOffMs !== undefined || caller.session !== undefined);
      if (!stands || !fault.aimsAt(subject)) return next;
      return () => call({ house: this.house, request, walk: next }, this.occasionOf(fault, subject));
    }, walk);
    return chain();
  }

  /** How far the server's clock is off for them, in ms; undefined: the emulator's lenient rule holds. */
  clockOffMs(account: string, product: Subject['products'][number]): number | undefined {
    const subject = { accounts: [account], products: [product], connection: undefined };
    const offs = this.#set.flatMap((fault) => (fault.aimsAt(subject) ? (fault.acts.clockOffMs ?? []) : []));
    return offs.length === 0 ? undefined : offs.reduce((sum, off) => sum + off, 0);
  }

  occasionOf(fault: Fault, subject: Subject, frame?: Frame): Occasion {
    return {
      takes: () => fault.takes(),
      tell: (did) => this.#doors.tell({ fault, did, subject, frame }),
    };
  }

  opened(line: FaultyLine): void {
    if (!this.idle) this.meet(line);
  }

  /** What a connection reads, and so whose it is, may become known only after it has opened. */
  meet(line: FaultyLine): void {
    for (const fault of this.#set) {
      if (
        fault.acts.meets &&
        fault.meetsLater &&
        !line.wasMetBy(fault) &&
        fault.aimsAt(subjectOfConnection(line.connection))
      )
        line.meet(fault);
    }
  }

  /** A fault of the connections that were open when it was set is over with the last of them. */
  closed(): void {
    for (const fault of this.withLines) {
      if (!fault.acts.meets || fault.meetsLater) continue;
      if (![...this.lines].some((line) => line.wasMetBy(fault))) this.remove(fault.id);
    }
  }

  #end(fault: Fault, removed: boolean): void {
    this.#set = this.#set.filter((each) => each !== fault);
    for (const line of [...this.lines]) line.letGo(fault, removed);
  }

  #doNow(fault: Fault): void {
    const streams: string[] = [];
    const aimsAt = (stream: string) => {
      const at = stream.indexOf('/');
      const product = productOfScope(stream.slice(at + 1))?.id;
      return fault.aimsAt({
        accounts: [stream.slice(0, at)],
        products: product === undefined ? [] : [product],
        connection: undefined,
      });
    };
    fault.acted = fault.acts.now?.({ house: this.house, aimsAt }) ?? 0;
    if (fault.acted === 0) throw new FaultError(`${fault.row.name}: it meets nothing that lives just now`);
    const subject = { accounts: [], products: [], connection: undefined, streams };
    this.#doors.tell({ fault, did: `expired ${fault.acted}`, subject, frame: undefined });
  }

  #meetOpen(fault: Fault): void {
    if (!fault.acts.meets) return;
    const aimed = [...this.lines].filter((line) => fault.aimsAt(subjectOfConnection(line.connection)));
    if (aimed.length === 0 && !fault.meetsLater) {
      this.remove(fault.id);
      throw new FaultError('no open connection is met; give "times" or "for" to meet those that open later');
    }
    for (const line of aimed) line.meet(fault);
  }

  #assertAims({ account, connection }: FaultSpec): void {
    if (account !== undefined && this.house.accounts.get(account) === undefined) {
      throw new FaultError(`account: there is no account "${account}"`);
    }
    if (connection === undefined) return;
    if ([...this.lines].some((line) => line.connection.id === connection)) return;
    throw new FaultError(
      `connection: no open connection has the id "${connection}"; GET /admin/v1/sessions lists them`,
    );
  }

  #makeRoom(): void {
    if (this.#set.length < FAULTS_MAX) return;
    const spent = this.#set.find((fault) => fault.spent);
    if (spent === undefined) throw new FaultError(`${FAULTS_MAX} faults are set already; remove some`);
    this.remove(spent.id);
  }

  #diceOf({ probability, seed }: FaultSpec) {
    if (probability === undefined) return undefined;
    const drawn = seed ?? new DataView(this.#doors.random.bytes(4).buffer).getUint32(0);
    return { seed: drawn, random: seededRandom(drawn) };
  }
}

function accountsOf(house: House, { caller }: Request): string[] {
  const apiKey = caller.apiKey === undefined ? caller.session?.apiKey : house.accounts.apiKey(caller.apiKey);
  return apiKey === undefined ? [] : [apiKey.account.id];
}
