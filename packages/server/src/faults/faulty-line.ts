import type { Connection, Frame, House, Timer } from '@listenpost/core';
import { decodeMessage, type End, responseForm } from '@listenpost/protocol';
import { type EdgeSocket, type Hearing, HearingBefore, SocketBefore } from '../edge/intermediary.ts';
import { kindOfFrame, subjectOfConnection, subjectOfFrame } from '../edge/subject.ts';
import type { Fault, Item, Line, LineActs } from './fault.ts';
import type { FaultBoard } from './fault-board.ts';

/** What waits to leave, in order. */
interface Held {
  readonly due: number;
  readonly bytes: number;
  readonly leave: () => void;
}

/** A ping or a close; what a frame of a few bytes costs. */
const CONTROL_BYTES = 16;

/**
 * One connection with the faults that are set before it. With none set every call goes straight through.
 *
 * Frames leave in the order in which they came out of the faults: what is held back holds back all that follows it.
 */
export class FaultyLine extends HearingBefore implements Line {
  readonly connection: Connection;
  readonly house: House;
  readonly #board: FaultBoard;
  readonly #heldBytesMax: number;
  readonly #acts = new Map<Fault, LineActs>();
  readonly #met = new Set<Fault>();
  readonly #unanswered = new Set<string>();
  #socket: EdgeSocket | undefined;
  #held: Held[] = [];
  #heldBytes = 0;
  #lastDue = 0;
  #timer: Timer | undefined;
  #stalls = 0;
  #gone = false;

  constructor(board: FaultBoard, connection: Connection, inner: Hearing, heldBytesMax: number) {
    super(inner);
    this.#board = board;
    this.connection = connection;
    this.house = board.house;
    this.#heldBytesMax = heldBytesMax;
  }

  opened(socket: EdgeSocket): void {
    this.#socket = socket;
    this.#board.lines.add(this);
    this.inner.opened(new FaultySocket(socket, this));
    this.#board.opened(this);
  }

  override message(text: string): void {
    if (!this.#board.idle && !this.#heard(text)) return;
    this.inner.message(text);
  }

  override closed(code: number, reason: string): void {
    this.#gone = true;
    this.#timer?.cancel();
    this.#held = [];
    this.#heldBytes = 0;
    this.#board.lines.delete(this);
    for (const acts of this.#acts.values()) acts.letGo?.(false);
    this.#acts.clear();
    this.inner.closed(code, reason);
    this.#board.closed();
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether the fault has met this connection, which it does once at most. */
  wasMetBy(fault: Fault): boolean {
    return this.#met.has(fault);
  }

  meet(fault: Fault): void {
    this.#met.add(fault);
    const acts = this.#actsOf(fault);
    acts.meet?.(this.#board.occasionOf(fault, subjectOfConnection(this.connection)));
  }

  letGo(fault: Fault, removed: boolean): void {
    this.#acts.get(fault)?.letGo?.(removed);
    this.#acts.delete(fault);
    this.#met.delete(fault);
  }

  /** Every fault that is set sees the frame, or what those before it have made of it. */
  send(frame: Frame): boolean {
    if (this.#gone) return true;
    if (this.#board.idle && this.#held.length === 0) return this.#inner(frame);
    this.#board.meet(this);
    const kind = kindOfFrame(this.connection.info(), frame);
    if (kind === 'answer' && this.#isWithheld(frame)) return true;
    let items: readonly Item[] = [{ frame, kind, delayMs: 0 }];
    for (const fault of this.#board.withLines) {
      items = items.flatMap((item) => {
        const { frame: change } = this.#actsOf(fault);
        if (change === undefined) return [item];
        const subject = subjectOfFrame(this.house, this.connection, item.frame);
        return fault.aimsAt(subject) ? change(item, this.#board.occasionOf(fault, subject, item.frame)) : [item];
      });
      if (this.#gone) return true;
    }
    return items.every((item) => this.#queue(item));
  }

  pass(item: Item): void {
    if (!this.#gone && !this.#queue(item)) this.end('slowConsumer');
  }

  hasten(): void {
    this.#lastDue = 0;
    this.#held = this.#held.map((held) => ({ ...held, due: 0 }));
    this.#leave();
  }

  withholdAnswer(id: string): void {
    this.#unanswered.add(id);
  }

  cut(): void {
    this.#gone = true;
    this.#socket?.terminate();
  }

  stall(): void {
    this.#stalls++;
    this.#socket?.pause();
  }

  unstall(): void {
    this.#stalls--;
    if (this.#stalls > 0 || this.#gone) return;
    this.#socket?.resume();
    this.#leave();
  }

  /** Pings are not late, so that time may be advanced past a delay; a network that is gone carries none. */
  ping(payload: string): void {
    if (this.#stalls > 0) this.#hold(CONTROL_BYTES, 0, () => this.#socket?.ping(payload));
    else this.#socket?.ping(payload);
  }

  close(end: End): void {
    if (this.#held.length === 0 && this.#stalls === 0) this.#socket?.close(end);
    else this.#hold(CONTROL_BYTES, 0, () => this.#socket?.close(end));
  }

  terminate(): void {
    this.#gone = true;
    this.#socket?.terminate();
  }

  #inner(frame: Frame): boolean {
    return this.#socket?.send(frame) ?? true;
  }

  #queue({ frame, delayMs }: Item): boolean {
    if (delayMs === 0 && this.#held.length === 0 && this.#stalls === 0) return this.#inner(frame);
    const bytes = frame.length;
    if (this.#heldBytes + bytes > this.#heldBytesMax) return false;
    this.#hold(bytes, delayMs, () => {
      if (!this.#inner(frame)) this.end('slowConsumer');
    });
    return true;
  }

  #hold(bytes: number, delayMs: number, leave: () => void): void {
    const due = Math.max(this.#lastDue, this.house.clock.now() + delayMs);
    this.#lastDue = due;
    this.#held.push({ due, bytes, leave });
    this.#heldBytes += bytes;
    if (this.#held.length === 1) this.#wakeAt(due);
  }

  #wakeAt(due: number): void {
    this.#timer?.cancel();
    this.#timer = this.house.clock.at(due, () => this.#leave());
  }

  #leave(): void {
    const now = this.house.clock.now();
    while (this.#stalls === 0 && !this.#gone) {
      const next = this.#held[0];
      if (next === undefined) break;
      if (next.due > now) {
        this.#wakeAt(next.due);
        return;
      }
      this.#held.shift();
      this.#heldBytes -= next.bytes;
      next.leave();
    }
    this.inner.drained();
  }

  #actsOf(fault: Fault): LineActs {
    let acts = this.#acts.get(fault);
    if (acts === undefined) {
      acts = fault.acts.line?.(this) ?? {};
      this.#acts.set(fault, acts);
    }
    return acts;
  }

  #heard(text: string): boolean {
    this.#board.meet(this);
    const request = requestIn(text);
    if (request === undefined) return true;
    const subject = subjectOfConnection(this.connection);
    const apiKey = request.apiKey === undefined ? undefined : this.house.accounts.apiKey(request.apiKey);
    const accounts = apiKey === undefined ? subject.accounts : [apiKey.account.id];
    for (const fault of this.#board.withLines) {
      if (!fault.aimsAt({ ...subject, accounts })) continue;
      const occasion = this.#board.occasionOf(fault, { ...subject, accounts });
      if (this.#actsOf(fault).request?.(request.method, request.id, occasion) === false) return false;
    }
    return true;
  }

  #isWithheld(frame: Frame): boolean {
    if (this.#unanswered.size === 0) return false;
    const id = typeof frame === 'string' ? jsonIdOf(frame) : responseForm(decodeMessage(frame))?.id;
    return id !== undefined && this.#unanswered.delete(id);
  }
}

class FaultySocket extends SocketBefore {
  readonly #line: FaultyLine;

  constructor(inner: EdgeSocket, line: FaultyLine) {
    super(inner);
    this.#line = line;
  }

  send(frame: Frame): boolean {
    return this.#line.send(frame);
  }

  override get waitingBytes(): number {
    return this.inner.waitingBytes + this.#line.heldBytes;
  }

  override ping(payload: string): void {
    this.#line.ping(payload);
  }

  override close(end: End): void {
    this.#line.close(end);
  }

  override terminate(): void {
    this.#line.terminate();
  }
}

interface Heard {
  readonly id: string;
  readonly method: string;
  readonly apiKey: string | undefined;
}

/** Ids as plain text: those of SBE answers are text always. */
function requestIn(text: string): Heard | undefined {
  const { id, method, params } = parsed(text) ?? {};
  if (typeof method !== 'string') return undefined;
  const { apiKey } = (params ?? {}) as { readonly apiKey?: unknown };
  return {
    id: String(id ?? ''),
    method: method.replace(/^v\d+\//, ''),
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
  };
}

const jsonIdOf = (frame: string): string => String(parsed(frame)?.['id'] ?? '');

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
