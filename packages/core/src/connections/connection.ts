import {
  CONNECTION_LIFECYCLE,
  type ConnectionInput,
  type ConnectionRow,
  type ConnectionState,
  ENDS,
  type EndName,
  type ProductId,
} from '@listenpost/protocol';
import type { Timer } from '../clock.ts';
import type { Outbox } from '../data/resume.ts';
import type { House } from '../house.ts';
import { decide } from '../lifecycle.ts';
import type { Frame, Socket } from '../socket.ts';
import { FrameWindow } from './frame-window.ts';
import { Heartbeat } from './heartbeat.ts';

/**
 * What may wait in an outbox when a batch of a backfill is added. Enough that the peer never waits for the next batch, and
 * so little that many backfills on one connection, two of which may read at once, stay far from the outbox's own bound.
 */
const BACKFILL_WAITING_BYTES_MAX = 64 * 1024;

/** One reader, and why and until when it may read. */
export interface SubscriptionInfo {
  readonly stream: string;
  readonly product: ProductId;
  /** On the WebSocket API, where each can be ended alone: what a listenKey opened ends with the key. */
  readonly subscriptionId?: number;
  readonly grant: 'listenKey' | 'logon' | 'signature' | 'token';
  /** In ms; null where the grant has no end of its own. */
  readonly deadline: number | null;
}

/** What an operator sees of a connection. */
export interface ConnectionInfo {
  readonly id: string;
  readonly kind: 'stream' | 'wsApi';
  readonly row: string;
  readonly ip: string;
  readonly openedAt: number;
  /** Whose path it came by. */
  readonly product: ProductId;
  readonly subscriptions: readonly SubscriptionInfo[];
  readonly account: string | null;
}

/**
 * What every connection has, whatever it speaks: a heartbeat, a lifetime, a limit on frames, and one way to end.
 * The edge calls `opened` once the socket is open, then `message`, `binary`, `pinged`, `ponged`, `drained`, and `closed` last.
 */
export abstract class Connection implements Outbox {
  readonly id: string;
  readonly ip: string;
  readonly openedAt: number;
  protected readonly house: House;
  protected row: ConnectionRow;
  #socket: Socket | undefined;
  #heartbeat: Heartbeat | undefined;
  #lifetime: Timer | undefined;
  readonly #frames = new FrameWindow();
  #state: ConnectionState = CONNECTION_LIFECYCLE.initial;
  /** Backfills that wait for the peer to read. */
  #waiting: (() => void)[] = [];

  constructor(house: House, row: ConnectionRow, ip: string) {
    this.house = house;
    this.row = row;
    this.ip = ip;
    this.id = house.nextConnectionId();
    this.openedAt = house.clock.now();
  }

  abstract info(): ConnectionInfo;
  /** Ends the subscription of this id as if its grant were revoked; whether there was one. */
  abstract endSubscription(id: number): boolean;
  abstract message(text: string): void;
  /** A binary frame, or one that is no text: each protocol has its own answer. */
  abstract binary(): void;
  /** Other rules are in force from now on. */
  abstract rulesReplaced(): void;
  /** Lets go of everything that could still deliver. Called once. */
  protected abstract release(): void;
  /** Sends `serverShutdown` in the words of what it speaks. */
  protected abstract sayShutdown(): void;
  /** Frames of this kind are counted against this many a second. */
  protected abstract get controlFramesPerSecond(): number;

  /** Ends subscriptions by listenTokens as their deadline does, with the tokens; how many. Streams have none. */
  expireTokens(_matches: (stream: string) => boolean): number {
    return 0;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get ended(): boolean {
    return this.#state === 'closed';
  }

  opened(socket: Socket): void {
    const { clock } = this.house;
    this.#take('opened');
    this.#socket = socket;
    this.#heartbeat = new Heartbeat(
      clock,
      this.row,
      (payload) => socket.ping(payload),
      () => this.end('pongTimeout'),
    );
    this.#limitLifetime();
    this.house.connections.add(this);
  }

  pinged(): void {
    this.countFrame(this.controlFramesPerSecond);
  }

  ponged(payload: string): void {
    const proof = this.#heartbeat?.pong(payload) ?? false;
    if (!proof) this.countFrame(this.controlFramesPerSecond);
  }

  /** The peer has read some of what waited for it. */
  drained(): void {
    if (this.hasRoom) this.#wake();
  }

  get hasRoom(): boolean {
    return (this.#socket?.waitingBytes ?? 0) < BACKFILL_WAITING_BYTES_MAX;
  }

  /** A peer that never reads is cut by its heartbeat, and by `slowConsumer` once retention overtakes its backfill. */
  room(): Promise<void> {
    if (this.ended || this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  together(act: () => void): void {
    if (!this.ended) this.#socket?.together(act);
  }

  /** The socket is gone, whoever closed it. */
  closed(): void {
    this.#take('closed');
  }

  /** Tells the client, once, that the server is about to stop, where its product says so; whether it knows. */
  announceShutdown(): boolean {
    if (this.ended || !this.row.announcesShutdown) return false;
    if (this.#take('shutdownAnnounced').tells === 'serverShutdown') this.sayShutdown();
    return true;
  }

  /** Ends the connection by a row of `ENDS`; what was already sent still goes out. */
  end(name: EndName): void {
    if (this.#ends(name)) this.#socket?.close(ENDS[name]);
  }

  /**
   * Queues one frame. A peer whose outbox has passed its bound is cut at once and by name: dropping the frame instead
   * would leave a silent hole in its stream.
   */
  protected send(frame: Frame): void {
    if (this.#state === 'closed' || this.#socket === undefined || this.#socket.send(frame)) return;
    if (this.#ends('slowConsumer')) this.#socket.terminate();
  }

  /** False, with the connection ended, when one frame more was one too many. */
  protected countFrame(perSecond: number): boolean {
    const { clock, limitsEnforced } = this.house;
    if (!limitsEnforced || clock.frozen || this.#frames.admits(clock.now(), perSecond)) return true;
    this.end('tooManyFrames');
    return false;
  }

  /** Goes by another row from now on; the age of the connection stays. */
  protected follow(row: ConnectionRow): void {
    const { lifetimeMs } = this.row;
    this.row = row;
    this.#heartbeat?.follow(row);
    if (row.lifetimeMs !== lifetimeMs) this.#limitLifetime();
  }

  #limitLifetime(): void {
    this.#lifetime?.cancel();
    const endsAt = this.openedAt + this.row.lifetimeMs;
    this.#lifetime = this.house.clock.at(endsAt, () => this.end(this.row.lifetimeEnd));
  }

  /** Whether it is this end that the connection has: the first one is. */
  #ends(name: EndName): boolean {
    const before = this.#state;
    const { to } = this.#take('ended');
    if (to !== 'closed' || before === 'closed') return false;
    this.house.connectionEnded(name);
    return true;
  }

  #take(input: ConnectionInput) {
    const before = this.#state;
    const transition = decide(CONNECTION_LIFECYCLE, before, input);
    this.#state = transition.to;
    if (transition.to === 'closed' && before !== 'closed') this.#letGo();
    return transition;
  }

  #letGo(): void {
    this.#heartbeat?.stop();
    this.#lifetime?.cancel();
    this.house.connections.delete(this);
    this.release();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
