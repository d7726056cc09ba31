/**
 * A trading bot as the README tells its users to write one: it reads its stream, applies each event, and keeps what it has
 * applied in one store with the cursor, so that after a crash it goes on where the two of them stand.
 */
import { UserDataStreamError } from '../../packages/client/src/errors.ts';
import { type Gap, metaOf, type WireEvent } from '../../packages/client/src/events.ts';
import type { StreamStatus, Verdict } from '../../packages/client/src/keep/supervisor.ts';
import type { UserDataStreamOptions } from '../../packages/client/src/options.ts';
import type { ClientProduct } from '../../packages/client/src/products.ts';
import { UserDataStream } from '../../packages/client/src/user-data-stream.ts';
import { wire } from '../../packages/client/src/wiring.ts';
import { type Process, signerAtOnce } from './program.ts';
import type { World } from './world.ts';

/** What the bot has applied of one scope, in order. */
export type Applied =
  /** `at`: when the bot got it, in the world's time, as all instants here. */
  | { readonly kind: 'event'; readonly sequence: number; readonly at: number }
  | {
      readonly kind: 'gap';
      readonly from: number;
      readonly to: number;
      readonly at: number;
      readonly silentSince: number;
      readonly missed: Gap['missed'];
      readonly reason: string;
    };

interface Stored {
  readonly cursor: string;
  readonly lengths: ReadonlyMap<string, number>;
}

export interface BotOptions {
  readonly account: string;
  readonly scopes: readonly string[];
  readonly stream: Omit<UserDataStreamOptions, 'doors' | 'cursorStore'>;
  readonly skewMs: number;
}

export class Bot {
  readonly #world: World;
  readonly options: BotOptions;
  readonly applied = new Map<string, Applied[]>();
  /** From here on every event is the bot's, in the world's time; undefined until its stream has begun. */
  wholeSince: number | undefined;
  /** When its stream was opened anew: the first, or one after a crash. */
  readonly begins: number[] = [];
  /** What each item costs it, in ms. */
  handlingMs = 0;
  /** By how much its machine's clock is ahead. */
  skewMs: number;
  /** What the stream said of itself, each time it changed its mind. */
  readonly verdicts: { readonly at: number; readonly verdict: Verdict; readonly reason: string }[] = [];
  /** Ends of streams that it was told of, in order. */
  readonly errors: UserDataStreamError[] = [];
  process: Process | undefined;
  stream: UserDataStream<ClientProduct> | undefined;
  #stored: Stored | undefined;
  #lives = 0;
  #closed = false;

  constructor(world: World, options: BotOptions) {
    this.#world = world;
    this.options = options;
    this.skewMs = options.skewMs;
    for (const scope of options.scopes) this.applied.set(scope, []);
  }

  get status(): StreamStatus | undefined {
    return this.stream?.status;
  }

  start(): void {
    if (this.process?.alive === true) return;
    const { name, process } = this.#world.startProcess(`bot${++this.#lives}`, this.skewMs);
    this.process = process;
    this.#world.trace(`${name} starts`);
    for (const [scope, applied] of this.applied) applied.length = this.#stored?.lengths.get(scope) ?? 0;
    this.#run(process).catch((cause: unknown) => this.#world.violation(`the bot failed: ${String(cause)}`));
  }

  kill(): void {
    this.process?.kill();
    this.#world.trace('the bot is killed');
  }

  /** Somebody sets its machine's clock, once nothing waits that was told by the clock as it was. */
  setClock(byMs: number): void {
    if ((this.stream?.bufferedBytes ?? 0) > 0 || this.handlingMs > 0) {
      this.#world.universe.after(50, () => this.setClock(byMs));
      return;
    }
    this.#world.trace(`the bot's clock is set by ${byMs} ms`);
    this.skewMs += byMs;
    if (this.process !== undefined) this.process.clock.skewMs = this.skewMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.stream?.close();
  }

  async #run(process: Process): Promise<void> {
    while (process.alive && !this.#closed) {
      try {
        await this.#read(process);
        return;
      } catch (cause) {
        if (!(cause instanceof UserDataStreamError)) throw cause;
        this.errors.push(cause);
        this.#world.trace(`the stream ended: ${cause.name}: ${cause.message}`);
        this.#world.streamEnded(cause);
        // What is under way is given up by promises, which have had their turns by the next step.
        await new Promise<void>((resolve) => this.#world.universe.after(0, resolve));
        const left = process.clock.pending;
        if (left > 0) this.#world.violation(`a stream that ended left ${left} timers`);
        // What the bot has applied beyond its store is applied again by who goes on from there.
        for (const [scope, applied] of this.applied) applied.length = this.#stored?.lengths.get(scope) ?? 0;
        await process.clock.wait(30_000);
      }
    }
  }

  async #read(process: Process): Promise<void> {
    const options = { ...this.options.stream, doors: process.doors, cursorStore: this.#cursorStore(process) };
    const signer = signerAtOnce(this.options.stream.secret ?? '');
    const stream = new UserDataStream(options, wire(options, process.doors, signer));
    this.stream = stream;
    this.begins.push(this.#world.universe.now());
    stream.onStatus((status) => this.#status(process, status));
    for await (const item of stream) {
      if (!process.alive) return;
      this.#apply(item as unknown as WireEvent);
      if (this.handlingMs > 0) await process.clock.wait(this.handlingMs);
    }
  }

  #status(process: Process, { verdict, reason, provenUntil }: StreamStatus): void {
    if (!process.alive) return;
    this.#world.trace(`${verdict}: ${reason}`);
    this.verdicts.push({ at: this.#world.universe.now(), verdict, reason });
    if (provenUntil !== undefined) this.wholeSince ??= this.#world.universe.now();
  }

  #apply(item: WireEvent): void {
    if (item.e === 'gap') return this.#gap(item as unknown as Gap);
    const { account } = this.options;
    const scope = metaOf(item)?.scope ?? '';
    const stream = `${account}/${scope}`;
    const known = this.#world.truth.find(stream, JSON.stringify(item));
    const applied = this.applied.get(scope);
    if (known === undefined || applied === undefined) {
      return this.#world.violation(`${stream} gave what is not its: ${JSON.stringify(item)}`);
    }
    this.#world.trace(`applied ${scope} ${known.sequence}`);
    const position = metaOf(item)?.position;
    if (position !== undefined && !position.endsWith(`:${known.sequence}`)) {
      this.#world.violation(`${stream} gave ${known.sequence} as ${position}`);
    }
    applied.push({ kind: 'event', sequence: known.sequence, at: this.#world.universe.now() });
  }

  #gap({ scope, from, to, silentSince, missed, reason }: Gap): void {
    const { skewMs } = this;
    this.#world.trace(
      `gap ${scope} ${to - from} ms (${reason})${missed === undefined ? '' : ` ${missed.from} ${missed.to}`}`,
    );
    const applied = this.applied.get(scope);
    if (applied === undefined) return this.#world.violation(`a gap of a scope that is not read: ${scope}`);
    const gap = {
      at: this.#world.universe.now(),
      from: from - skewMs,
      to: to - skewMs,
      silentSince: silentSince - skewMs,
      missed,
      reason,
    };
    applied.push({ kind: 'gap', ...gap });
    if (missed !== undefined) this.#world.gapInPositions(`${this.options.account}/${scope}`, missed);
  }

  /** State and cursor in one transaction: what was applied until now, and how far that is. */
  #cursorStore(process: Process) {
    const disk = () => process.clock.wait(1 + process.random.below(8));
    return {
      load: async () => {
        await disk();
        return this.#stored?.cursor;
      },
      save: async (_key: string, cursor: string) => {
        const lengths = new Map([...this.applied].map(([scope, { length }]) => [scope, length]));
        await disk();
        this.#stored = { cursor, lengths };
        await disk();
      },
    };
  }
}
