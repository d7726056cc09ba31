/**
 * The long timers of this process on an emulator's clock. A client that extends its key every 30 minutes would do so in half an
 * hour; here it does when the clock has moved so far.
 *
 * Timers of thirty seconds and more follow, shorter ones are the machine's: those wait for an answer or space out attempts, and
 * answers come in the machine's time. `Date` and `performance.now` follow too. Timers made before `install` do not.
 */
import * as diagnostics_channel from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import * as nodeModule from 'node:module';

interface Runtime {
  readonly diagnostics: Pick<typeof diagnostics_channel, 'subscribe' | 'unsubscribe'>;
  readonly nodeModule: Pick<typeof nodeModule, 'syncBuiltinESMExports'>;
  /** What `node:timers` exports, to be changed. */
  readonly nodeTimers: object;
}

export interface ProcessTimers {
  /** The instant of the next timer; undefined when there is none. */
  readonly next: number | undefined;
  /** Until `uninstall`. `now`: what the emulator's clock shows. */
  install(now: number): void;
  uninstall(): void;
  /** Runs what is due by this instant, in order. */
  runUntil(instant: number): void;
  /** Resolves when this process has answered what it heard. */
  settled(roundTrip: () => Promise<unknown>): Promise<void>;
}

/** Needs nothing from around it: the conformance suite puts its text into the processes of clients. */
export function createProcessTimers({ diagnostics, nodeModule, nodeTimers }: Runtime): ProcessTimers {
  const LONG_MS = 30_000;

  /** After a timer has run, what it started may take a moment until it shows as a request under way. */
  const SETTLE_MS = 10;
  /** A request that is not answered (a fault swallows it) must not hold the clock. */
  const SETTLE_MS_MAX = 1000;

  type Callback = (...args: unknown[]) => unknown;

  const machine = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    Date: globalThis.Date,
  };
  const machineTicks = performance.now.bind(performance);

  /** Stands where a `Timeout` would. It keeps no process alive: what a client waits for is its socket. */
  class LongTimer {
    readonly callback: () => void;
    readonly delayMs: number;
    readonly repeats: boolean;
    due: number;
    live = true;

    constructor(callback: () => void, delayMs: number, repeats: boolean, now: number) {
      this.callback = callback;
      this.delayMs = delayMs;
      this.repeats = repeats;
      this.due = Math.ceil(now + delayMs);
    }

    ref(): this {
      return this;
    }

    unref(): this {
      return this;
    }

    hasRef(): boolean {
      return false;
    }

    refresh(): this {
      this.due = Math.ceil(timers.now() + this.delayMs);
      return this;
    }

    close(): this {
      timers.clear(this);
      return this;
    }

    [Symbol.dispose](): void {
      this.close();
    }
  }

  class FollowingTimers {
    readonly #timers = new Set<LongTimer>();
    readonly #underWay = new Set<unknown>();
    /** How far the clock has been moved ahead of the machine's. */
    #aheadMs = 0;
    /** By how much it has been moved in all. `performance.now` keeps it, since it never goes back. */
    #movedMs = 0;
    #installed = false;

    now(): number {
      return machine.Date.now() + this.#aheadMs;
    }

    /** Until `uninstall`. `now`: what the emulator's clock shows. */
    install(now: number): void {
      if (this.#installed)
        throw new Error('the timers of this process follow another emulator already; close it first');
      this.#installed = true;
      this.#aheadMs = now - machine.Date.now();
      performance.now = () => machineTicks() + this.#movedMs;
      this.#put({
        setTimeout: this.#setter(machine.setTimeout as never, false),
        setInterval: this.#setter(machine.setInterval as never, true),
        clearTimeout: this.#clearer(machine.clearTimeout as never),
        clearInterval: this.#clearer(machine.clearInterval as never),
        Date: this.#date(),
      });
      for (const [channel, listener] of this.#channels) diagnostics.subscribe(channel, listener);
    }

    uninstall(): void {
      this.#installed = false;
      this.#timers.clear();
      this.#put(machine);
      for (const [channel, listener] of this.#channels) diagnostics.unsubscribe(channel, listener);
    }

    clear(timer: LongTimer): void {
      timer.live = false;
      this.#timers.delete(timer);
    }

    /** The instant of the next timer; undefined when there is none. */
    get next(): number | undefined {
      return [...this.#timers].reduce<number | undefined>(
        (next, { due }) => (next === undefined || due < next ? due : next),
        undefined,
      );
    }

    /** Runs what is due by this instant, in order. */
    runUntil(instant: number): void {
      for (let timer = this.#dueBy(instant); timer !== undefined; timer = this.#dueBy(instant)) {
        this.#moveTo(timer.due);
        if (timer.repeats) timer.due = Math.ceil(timer.due + timer.delayMs);
        else this.#timers.delete(timer);
        timer.callback();
      }
      this.#moveTo(instant);
    }

    #moveTo(instant: number): void {
      const byMs = Math.max(0, instant - machine.Date.now() - this.#aheadMs);
      this.#aheadMs += byMs;
      this.#movedMs += byMs;
    }

    /**
     * What this process has heard, it has answered: no request is under way, and none came up during a round trip to the emulator,
     * before whose answer everything arrives that the emulator has sent.
     */
    async settled(roundTrip: () => Promise<unknown>): Promise<void> {
      const began = machineTicks();
      for (let quiet = 0; quiet < 2 && machineTicks() - began < SETTLE_MS_MAX; ) {
        await roundTrip();
        await new Promise<void>((resolve) => void machine.setTimeout(resolve, SETTLE_MS));
        quiet = this.#underWay.size === 0 ? quiet + 1 : 0;
      }
    }

    #dueBy(instant: number): LongTimer | undefined {
      const [first] = [...this.#timers].sort((left, right) => left.due - right.due);
      return first !== undefined && first.due <= instant ? first : undefined;
    }

    #setter(own: (callback: Callback, delayMs?: number, ...args: unknown[]) => unknown, repeats: boolean) {
      return (callback: Callback, delayMs?: number, ...args: unknown[]): unknown => {
        if (typeof delayMs !== 'number' || delayMs < LONG_MS) return own(callback, delayMs, ...args);
        const timer = new LongTimer(() => callback(...args), delayMs, repeats, this.now());
        this.#timers.add(timer);
        return timer;
      };
    }

    #clearer(own: (timer: unknown) => void) {
      return (timer: unknown): void => {
        if (timer instanceof LongTimer) this.clear(timer);
        else own(timer);
      };
    }

    #date(): DateConstructor {
      const now = () => this.now();
      const followed = class extends machine.Date {
        constructor(...given: unknown[]) {
          super(...((given.length === 0 ? [now()] : given) as [number]));
        }

        static override now(): number {
          return now();
        }
      };
      return new Proxy(followed as unknown as DateConstructor, { apply: () => new followed().toString() });
    }

    #put({ Date: date, ...functions }: Record<keyof typeof machine, unknown>): void {
      Object.assign(globalThis, functions, { Date: date });
      Object.assign(nodeTimers, functions);
      nodeModule.syncBuiltinESMExports();
    }

    /** What Node tells of requests, by its own client and by `fetch`. */
    readonly #channels: readonly (readonly [string, (message: unknown) => void])[] = [
      ['undici:request:create', (message) => this.#underWay.add(requestOf(message))],
      ['undici:request:trailers', (message) => this.#underWay.delete(requestOf(message))],
      ['undici:request:error', (message) => this.#underWay.delete(requestOf(message))],
      ['http.client.request.start', (message) => this.#hold(requestOf(message) as ClientRequest)],
    ];

    /** A handshake ends as an upgrade, everything else, failures included, in `close`. */
    #hold(request: ClientRequest): void {
      this.#underWay.add(request);
      for (const end of ['close', 'upgrade']) request.once(end, () => this.#underWay.delete(request));
    }
  }

  const requestOf = (message: unknown): unknown => (message as { readonly request?: unknown }).request;

  const timers = new FollowingTimers();
  return timers;
}

/** One for the process, as its timers are. */
export const timers: ProcessTimers = createProcessTimers({
  diagnostics: diagnostics_channel,
  nodeModule,
  nodeTimers: nodeModule.createRequire(import.meta.url)('node:timers') as object,
});
