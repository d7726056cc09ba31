/**
 * What a fault is: a row that says what it takes and where it acts, and what becomes of it once it is set. Core knows
 * nothing of them: they stand at its doors.
 */
import type { Connection, Frame, Request as HallwayRequest, House, Reply, SeededRandom } from '@listenpost/core';
import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import type { z } from 'zod';
import type { Answer, Visit } from '../edge/intermediary.ts';
import type { FrameKind, Subject } from '../edge/subject.ts';

export type FaultName =
  | 'zombie'
  | 'cut'
  | 'half-open'
  | 'delay'
  | 'duplicate'
  | 'swap'
  | 'drop-keepalive'
  | 'http'
  | 'expire-now'
  | 'shutdown'
  | 'clock-skew';

/** Whom a fault may be aimed at. What is not named is everybody. */
export const AIMS = ['account', 'product', 'connection'] as const;
export type Aim = (typeof AIMS)[number];

/** How a fault may be bounded. `for` counts virtual time from when it was set; the others count its occasions. */
export const BOUNDS = ['probability', 'after', 'times', 'for'] as const;
export type Bound = (typeof BOUNDS)[number];

/** One parameter of a fault: as the admin API reads it, and as the command line and the README tell it. */
export interface Taken {
  readonly schema: z.ZodType;
  readonly form: string;
  readonly meaning: string;
  readonly mandatory: boolean;
}

export interface FaultRow {
  readonly name: FaultName;
  /** In one sentence, for those who choose. */
  readonly does: string;
  /** What `probability`, `after` and `times` count. */
  readonly occasion: string;
  readonly aims: readonly Aim[];
  readonly bounds: readonly Bound[];
  readonly takes: Readonly<Record<string, Taken>>;
  acts(spec: FaultSpec): FaultActs;
}

/** A fault as it was asked for, checked. Durations in ms. `settings`: what its row takes. */
export interface FaultSpec {
  readonly fault: FaultName;
  readonly account?: string;
  readonly product?: ProductId;
  readonly connection?: string;
  readonly probability?: number;
  readonly seed?: number;
  readonly after?: number;
  readonly times?: number;
  readonly forMs?: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One chance for a fault to act. */
export interface Occasion {
  /** Whether it acts here: counts the occasion, and throws the dice where there are any. */
  takes(): boolean;
  /** What it did, for the request journal. */
  tell(did: string): void;
}

/** A fault acts where its row has a function. */
export interface FaultActs {
  /** Does something at once; how many it met. Nothing else of the row is asked then. */
  now?(context: NowContext): number;
  /** Whether its occasions are connections, rather than what goes over them. */
  readonly meets?: boolean;
  /** On a connection. */
  line?(line: Line): LineActs;
  /** Around an HTTP request or handshake. */
  visit?(visit: VisitContext, occasion: Occasion): Answer | Promise<Answer>;
  /** Before the control hallway, for what comes over the WebSocket API. */
  call?(call: CallContext, occasion: Occasion): Promise<Reply>;
  /** By how much the server's clock is off for whom the fault is aimed at, in ms. */
  readonly clockOffMs?: number;
}

export interface NowContext {
  readonly house: House;
  /** Whether the fault is aimed at this stream's account and product. */
  aimsAt(stream: string): boolean;
}

export interface VisitContext extends Visit {
  readonly house: House;
  serve(): Answer | Promise<Answer>;
}

export interface CallContext {
  readonly house: House;
  readonly request: HallwayRequest;
  walk(): Promise<Reply>;
}

export interface Item {
  readonly frame: Frame;
  readonly kind: FrameKind;
  /** Of virtual time that it is held; what comes after it waits behind it. */
  readonly delayMs: number;
}

/** What a fault keeps of one connection. */
export interface LineActs {
  /** The connection is met: it is open when the fault is set, or, where that is bounded, opens later. */
  meet?(occasion: Occasion): void;
  /** What goes on in place of a frame on its way to the client. */
  frame?(item: Item, occasion: Occasion): readonly Item[];
  /** Whether a request of the client is heard. */
  request?(method: string, id: string, occasion: Occasion): boolean;
  /** The fault is over: it was removed, or its time has come. */
  letGo?(removed: boolean): void;
}

/** A connection as faults see it. */
export interface Line {
  readonly connection: Connection;
  readonly house: House;
  /** Queues what was held back. */
  pass(item: Item): void;
  /** What is late is late no longer. */
  hasten(): void;
  /** The answer to the request of this id (JSON text) will not be sent. */
  withholdAnswer(id: string): void;
  /** As when the network in between drops the connection: no close frame. */
  cut(): void;
  /** As when the network in between is gone: nothing more arrives on either side, and neither is told. */
  stall(): void;
  /** The network is back, with all that waited. */
  unstall(): void;
}

export const PRODUCT_IDS = Object.keys(PRODUCTS) as [ProductId, ...ProductId[]];

/** A fault that is set. */
export class Fault {
  readonly id: string;
  readonly row: FaultRow;
  readonly spec: FaultSpec;
  readonly acts: FaultActs;
  /** Of its dice; given, or drawn and told, so that what happened can be had again. */
  readonly seed: number | undefined;
  /** When it ends by itself, in ms of virtual time. */
  readonly until: number | undefined;
  /** How often it acted. */
  acted = 0;
  #occasions = 0;
  readonly #random: SeededRandom | undefined;

  constructor(
    id: string,
    row: FaultRow,
    spec: FaultSpec,
    dice: { seed: number; random: SeededRandom } | undefined,
    until?: number,
  ) {
    this.id = id;
    this.row = row;
    this.spec = spec;
    this.acts = row.acts(spec);
    this.seed = dice?.seed;
    this.#random = dice?.random;
    this.until = until;
  }

  /** It will not act again, though what it did may still be going on. */
  get spent(): boolean {
    return this.spec.times !== undefined && this.acted >= this.spec.times;
  }

  /** A fault of connections meets those that are open, and later ones only where it has an end: clients must get back in. */
  get meetsLater(): boolean {
    return this.spec.times !== undefined || this.spec.forMs !== undefined;
  }

  aimsAt({ accounts, products, connection }: Pick<Subject, 'accounts' | 'products' | 'connection'>): boolean {
    const { account, product, connection: id } = this.spec;
    if (account !== undefined && !accounts.includes(account)) return false;
    if (product !== undefined && !products.includes(product)) return false;
    return id === undefined || id === connection;
  }

  takes(): boolean {
    if (this.spent) return false;
    const { after = 0, probability } = this.spec;
    this.#occasions++;
    if (this.#occasions <= after) return false;
    if (probability !== undefined && this.#random !== undefined && this.#random.fraction() >= probability) return false;
    this.acted++;
    return true;
  }
}
