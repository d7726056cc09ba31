/**
 * The door of the SDK: one account's events of one product, each once and in order, for as long as it is wanted.
 *
 *   source:    feed → merge → gate → outbox → consumer
 *   control:   supervisor keeps the feeds, keepers keep the grants, the cursor keeps the place
 */
import { parsePosition } from '@listenpost/protocol';
import { cursorText, type Mark, readCursor } from './cursor/cursor.ts';
import { BackpressureError, CursorStoreError, OptionsError, streamError, type UserDataStreamError } from './errors.ts';
import { type Gap, type Snapshot, type StreamEvent, type WireEvent, withMeta } from './events.ts';
import type { FeedEvent } from './feed/feed.ts';
import { lagMsMax } from './feed/line.ts';
import type { GapFound } from './keep/scope-merge.ts';
import { SnapshotGate } from './keep/snapshot-gate.ts';
import { type StreamStatus, Supervisor } from './keep/supervisor.ts';
import { bounded, scopesOf, type UserDataStreamOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { ClientProduct } from './products.ts';
import type { Wiring } from './wiring.ts';

/** What a stream hands out, told apart by `e`. */
export type StreamItem<P extends ClientProduct, State = unknown> = StreamEvent<P> | Gap | Snapshot<State>;

type NamesOf<Item> = Item extends { readonly e: infer Name extends string }
  ? string extends Name
    ? never
    : Name
  : never;
type Named<Item, Name> = Extract<Item, { readonly e: Name }>;

interface Entry<Item> {
  readonly item: Item;
  readonly scope: string;
  /** Where the consumer stands once it has handled the item. */
  readonly mark: Mark;
}

/** A gap or snapshot takes about so much. */
const WORD_BYTES = 256;

/** For clients that prove their connections oftener than the standard. */
const IDENTITY_WINDOW_MS_MIN = 60_000;

type Handler = (item: never) => unknown;

/**
 * Made by `userDataStream`. Read it by `for await`, or by `on`; not by both. It connects when it is first read.
 *
 * Breaking out of the loop, `close` and the `signal` end it, and leave no timer and no connection behind.
 */
export class UserDataStream<P extends ClientProduct, State = unknown>
  implements AsyncIterable<StreamItem<P, State>>, AsyncDisposable
{
  readonly #options: UserDataStreamOptions<P, State>;
  readonly #wiring: Wiring;
  readonly #scopes: readonly string[];
  readonly #bufferBytesMax: number;
  readonly #parallel: number;
  readonly #outbox: Outbox<Entry<StreamItem<P, State>>>;
  readonly #abort = new AbortController();
  readonly #gates = new Map<string, SnapshotGate<'start' | 'gap', State>>();
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #statusHandlers = new Set<(status: StreamStatus) => unknown>();
  /** Where the consumer stands: the marks of what it has handled. */
  readonly #handled = new Map<string, Mark>();
  /** Of what was pushed last: where it will stand once all is handled. */
  readonly #pushed = new Map<string, Mark>();
  #inHand: Entry<StreamItem<P, State>> | undefined;
  #running: Supervisor | undefined;
  #read = false;
  #saving: Promise<void> | undefined;
  /** Settles when nothing is being stored; never rejects. */
  #saves: Promise<void> = Promise.resolve();
  #unsaved: string | undefined;

  /** @internal */
  constructor(options: UserDataStreamOptions<P, State>, wiring: Wiring) {
    this.#options = options;
    this.#wiring = wiring;
    this.#scopes = scopesOf(options as UserDataStreamOptions);
    this.#bufferBytesMax = bounded(options as UserDataStreamOptions, 'bufferBytesMax');
    this.#parallel = parallelOf(options as UserDataStreamOptions);
    this.#outbox = new Outbox(this.#bufferBytesMax);
    for (const [scope, mark] of marksOf(options.from, this.#scopes)) this.#handled.set(scope, mark);
    options.signal?.addEventListener('abort', () => this.#finish(), { once: true, signal: this.#abort.signal });
    if (options.signal?.aborted) this.#finish();
  }

  /** How the stream is, just now. */
  get status(): StreamStatus {
    return this.#running === undefined ? NOT_STARTED : this.#told(this.#running.status);
  }

  /** How far the consumer has got: what `from` of another stream takes. The item being handled is not in it yet. */
  get cursor(): string {
    return cursorText(this.#handled);
  }

  /** Bytes that wait for the consumer. */
  get bufferedBytes(): number {
    return this.#outbox.bytes;
  }

  /** Tells each change of the verdict or its reason, and where a handover begins and ends. Answers a function that ends this. */
  onStatus(handler: (status: StreamStatus) => unknown): () => void {
    this.#statusHandlers.add(handler);
    return () => this.#statusHandlers.delete(handler);
  }

  /**
   * Calls `handler` with each item of this name, or with all for `*`. Handlers are awaited: the next item comes when all have
   * answered. `error` gets what ended the stream; without a handler for it, that is thrown where nobody catches it.
   */
  on<Name extends NamesOf<StreamItem<P, State>>>(
    name: Name,
    handler: (item: Named<StreamItem<P, State>, Name>) => unknown,
  ): this;
  on(name: '*', handler: (item: StreamItem<P, State>) => unknown): this;
  on(name: 'error', handler: (error: UserDataStreamError) => unknown): this;
  on(name: string, handler: Handler): this {
    const handlers = this.#handlers.get(name) ?? new Set<Handler>();
    this.#handlers.set(name, handlers.add(handler));
    if (!this.#read) {
      const items = this[Symbol.asyncIterator]();
      // Begins in a later turn, when all handlers are there.
      Promise.resolve()
        .then(() => this.#push(items))
        .catch((cause: unknown) => this.#failed(cause));
    }
    return this;
  }

  /** Opens the next connection now and moves to it once it is proven: at a time of your choosing, before the venue's. */
  handOver(): void {
    this.#running?.handOver();
  }

  /** Stores the cursor behind what was handed out so far, the item in hand included. */
  async commit(): Promise<void> {
    this.#handle(this.#inHand);
    this.#inHand = undefined;
    await this.#saveInOrder(this.cursor);
  }

  /** Ends the stream. What waits is given up; the cursor stands behind what was handled. */
  async close(): Promise<void> {
    this.#finish();
    await this.#saving;
    await this.#saves;
  }

  /** For `await using`: as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Items in order, each once. Asking for the next one says that the last was handled. Throws what ends the stream, behind
   * the last item that had arrived; ends without an error where the stream was closed.
   *
   * @throws OptionsError where the stream has a reader already.
   */
  [Symbol.asyncIterator](): AsyncIterator<StreamItem<P, State>, undefined> {
    if (this.#read)
      throw new OptionsError('a stream has one reader: make another stream, or use `on` for several handlers');
    this.#read = true;
    this.#begin().catch((cause: unknown) => this.#fail(streamError(cause)));
    let asked: Promise<unknown> | undefined;
    return {
      // One after the other, as of a generator: whoever asks twice at once gets two items, in order.
      next: () => {
        const result = asked === undefined ? this.#next() : asked.then(() => this.#next());
        const over = () => {
          if (asked === settled) asked = undefined;
        };
        const settled: Promise<unknown> = result.then(over, over);
        asked = settled;
        return result;
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<StreamItem<P, State>, undefined>> {
    const handled = this.#inHand;
    this.#inHand = undefined;
    if (handled !== undefined) {
      this.#handle(handled);
      await this.#committed()?.catch((cause: unknown) => {
        this.#finish();
        throw cause;
      });
    }
    const result = await this.#outbox.next();
    if (result.done) return { done: true, value: undefined };
    // The beginning is being stored: whoever stores its state with the cursor must not have changed it meanwhile.
    if (this.#options.cursorStore !== undefined && this.#options.commit !== 'background') await this.#saves;
    this.#inHand = result.value;
    return { done: false, value: result.value.item };
  }

  #handle(entry: Entry<StreamItem<P, State>> | undefined): void {
    if (entry !== undefined) this.#handled.set(entry.scope, entry.mark);
  }

  /** What must be waited for before the next item may be handed out. */
  #committed(): Promise<void> | undefined {
    const { cursorStore, commit = 'each' } = this.#options;
    if (cursorStore === undefined || commit === 'manual') return undefined;
    if (commit === 'each') return this.#saveInOrder(this.cursor);
    this.#unsaved = this.cursor;
    this.#saving ??= this.#saveAll().catch((cause: unknown) => this.#fail(streamError(cause)));
    return undefined;
  }

  /** One save at a time, of whatever is newest then. */
  async #saveAll(): Promise<void> {
    while (this.#unsaved !== undefined) {
      const cursor = this.#unsaved;
      this.#unsaved = undefined;
      await this.#saveInOrder(cursor);
    }
    this.#saving = undefined;
  }

  /** An older cursor must not be stored over a newer one. */
  #saveInOrder(cursor: string): Promise<void> {
    const saved = this.#saves.then(() => this.#save(cursor));
    this.#saves = saved.catch(() => undefined);
    return saved;
  }

  async #save(cursor: string): Promise<void> {
    const { cursorStore } = this.#options;
    if (cursorStore === undefined) return;
    try {
      await cursorStore.save(this.#wiring.cursorKey, cursor);
    } catch (cause) {
      throw new CursorStoreError('the cursor could not be stored', { cause });
    }
  }

  async #begin(): Promise<void> {
    const stored = await this.#load();
    if (this.#abort.signal.aborted) return;
    if (stored !== undefined) for (const [scope, mark] of readCursor(stored)) this.#handled.set(scope, mark);
    for (const [scope, mark] of this.#handled) this.#pushed.set(scope, mark);
    this.#running = this.#supervise();
    this.#running.start();
  }

  async #load(): Promise<string | undefined> {
    try {
      return await this.#options.cursorStore?.load(this.#wiring.cursorKey);
    } catch (cause) {
      throw new CursorStoreError('the cursor could not be read', { cause });
    }
  }

  #supervise(): Supervisor {
    const options = this.#options as UserDataStreamOptions;
    const parts = this.#wiring;
    const supervisor = new Supervisor({
      doors: parts.doors,
      budget: parts.budget,
      openFeed: parts.openFeed,
      scopes: this.#scopes,
      parallel: this.#parallel,
      handoverAfterMs: bounded(options, 'handoverAfterMs'),
      resume: parts.resume,
      identityOf: options.deduplicate === false ? undefined : parts.identityOf,
      identityWindowMs: Math.max(IDENTITY_WINDOW_MS_MIN, lagMsMax(parts.line)),
      heldBytesMax: this.#bufferBytesMax,
      from: new Map([...this.#handled].map(([scope, mark]) => [scope, this.#taken(mark)])),
      check: parts.check,
      checkAfterMs: bounded(options, 'checkAfterMs'),
      quietAfterMs: bounded(options, 'quietAfterMs'),
      lateAfterMs: parts.line.deadAfterMs / 2,
      event: (scope, event) => this.#event(scope, event),
      gap: (scope, gap) => this.#gap(scope, gap),
      begun: (scope) => this.#begun(scope),
      status: (status) => this.#tellStatus(this.#told(status)),
      fatal: (error) => this.#fail(error),
    });
    parts.onGrantLost((...why) => supervisor.grantLost(...why));
    parts.onFault((cause) => this.#fail(streamError(cause)));
    return supervisor;
  }

  /**
   * Where a scope begins is where the consumer stands in it until its first event: without it, a bot that is started again
   * before that event would begin at the latest once more, and lose in silence what lay between.
   */
  #begun(scope: string): void {
    const mark = this.#standing(scope);
    this.#handled.set(scope, mark);
    this.#pushed.set(scope, mark);
    const { cursorStore, commit = 'each' } = this.#options;
    if (cursorStore !== undefined && commit !== 'manual' && this.#inHand === undefined) {
      this.#saveInOrder(this.cursor).catch((cause: unknown) => this.#fail(streamError(cause)));
    }
    this.#snapshot(scope, 'start');
  }

  #standing(scope: string): Mark {
    const position = this.#running?.position(scope);
    const covered = this.#running?.covered(scope);
    const at = covered === undefined ? {} : { at: this.#wiring.time.told(covered) };
    return { ...(position === undefined ? {} : { position }), ...at };
  }

  #event(scope: string, { event, position, bytes }: FeedEvent): void {
    const { time } = this.#wiring;
    const receivedAt = time.told(time.now());
    const item = withMeta(event, { scope, position, receivedAt }) as WireEvent as StreamItem<P, State>;
    // The merge stands at this very event.
    const mark = this.#standing(scope);
    this.#pass(scope, bytes, () => this.#put({ item, scope, mark }, bytes));
  }

  #gap(scope: string, found: GapFound): void {
    const { time } = this.#wiring;
    const [from, to] = [time.told(found.from), time.told(found.to)];
    const gap = { ...found, from, to, silentSince: time.told(found.silentSince) };
    const position = this.#running?.position(scope);
    const mark: Mark = { ...(position === undefined ? {} : { position }), at: to };
    this.#pass(scope, WORD_BYTES, () => this.#put({ item: { e: 'gap', scope, ...gap }, scope, mark }, WORD_BYTES));
    this.#snapshot(scope, 'gap');
  }

  /** As this run counts time. */
  #taken({ at, ...mark }: Mark): Mark {
    return at === undefined ? mark : { ...mark, at: this.#wiring.time.taken(at) };
  }

  #told(status: StreamStatus): StreamStatus {
    const { time } = this.#wiring;
    const told = (at: number | undefined) => (at === undefined ? undefined : time.told(at));
    const { since, lastEventAt, provenUntil, grantDeadline } = status;
    return {
      ...status,
      since: time.told(since),
      lastEventAt: told(lastEventAt),
      provenUntil: told(provenUntil),
      grantDeadline: told(grantDeadline),
    };
  }

  /** A handler that throws ends the stream, like any other of the user's; not the change that was told to it, halfway. */
  #tellStatus(status: StreamStatus): void {
    for (const handler of this.#statusHandlers) {
      // It runs in this turn; what it answers may be a promise that rejects.
      new Promise((resolve) => resolve(handler(status))).catch((cause: unknown) => this.#fail(streamError(cause)));
    }
  }

  /** Through the scope's gate, where there is one. */
  #pass(scope: string, bytes: number, release: () => void): void {
    const gate = this.#gates.get(scope);
    if (gate === undefined) release();
    else gate.pass(bytes, release);
  }

  #snapshot(scope: string, reason: 'start' | 'gap'): void {
    const { snapshot } = this.#options;
    if (snapshot === undefined) return;
    const gate =
      this.#gates.get(scope) ??
      new SnapshotGate<'start' | 'gap', State>({
        bytesMax: this.#bufferBytesMax,
        take: (why) => snapshot({ scope, reason: why, signal: this.#abort.signal }),
        snapshot: (state) => {
          const mark = this.#pushed.get(scope) ?? {};
          this.#put({ item: { e: 'snapshot', scope, state }, scope, mark }, WORD_BYTES);
        },
        failed: (cause) => this.#fail(streamError(cause)),
        overflowed: () => this.#overflowed(),
      });
    this.#gates.set(scope, gate);
    gate.shut(reason);
  }

  #put(entry: Entry<StreamItem<P, State>>, bytes: number): void {
    if (this.#outbox.push(entry, bytes)) this.#pushed.set(entry.scope, entry.mark);
    else this.#overflowed();
  }

  #overflowed(): void {
    this.#fail(new BackpressureError(this.#bufferBytesMax, cursorText(this.#pushed)));
  }

  /** The stream is over; the reader learns why behind what waits for it. */
  #fail(error: UserDataStreamError): void {
    this.#stop();
    this.#outbox.end(error);
  }

  #finish(): void {
    this.#stop();
    this.#outbox.discard();
    this.#outbox.end();
  }

  #stop(): void {
    this.#running?.close();
    this.#wiring.close();
    this.#abort.abort();
  }

  async #push(items: AsyncIterator<StreamItem<P, State>, undefined>): Promise<void> {
    for (let next = await items.next(); !next.done; next = await items.next()) {
      const { value } = next;
      for (const name of [value.e as string, '*']) {
        for (const handler of this.#handlers.get(name) ?? []) await handler(value as never);
      }
    }
  }

  /** Of a stream that is read by handlers: by the venue, or by a handler of the user's own. */
  #failed(cause: unknown): void {
    this.#finish();
    const handlers = this.#handlers.get('error');
    if (handlers !== undefined) for (const handler of handlers) handler(streamError(cause) as never);
    else
      queueMicrotask(() => {
        throw cause;
      });
  }
}

/** @throws OptionsError */
function parallelOf({ parallel = 1 }: UserDataStreamOptions): number {
  if (parallel === 1 || parallel === 2) return parallel;
  throw new OptionsError(`parallel: ${String(parallel)} is neither 1 nor 2`);
}

const NOT_STARTED: StreamStatus = {
  verdict: 'dead',
  reason: 'nobody reads yet',
  since: 0,
  lastEventAt: undefined,
  provenUntil: undefined,
  grantDeadline: undefined,
  connections: 0,
  handingOver: false,
};

/** @throws OptionsError */
function marksOf(from: string | undefined, scopes: readonly string[]): ReadonlyMap<string, Mark> {
  if (from === undefined || from === 'latest') return new Map();
  const position = parsePosition(from);
  if (position === undefined) return readCursor(from);
  const [scope, ...more] = scopes;
  if (scope === undefined || more.length > 0) {
    throw new OptionsError('from: a position belongs to one stream; with several symbols give the cursor of a stream');
  }
  return new Map([[scope, { position }]]);
}
