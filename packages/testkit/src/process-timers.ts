/**
 * The long timers of this process on an emulator's clock. A client that extends its key every 30 minutes would do so in half an
 * hour; here it does when the clock has moved so far.
 *
 * Timers of thirty seconds and more follow, by whichever door they are asked for: the globals, `node:timers`,
 * `node:timers/promises`, `util.promisify`. Shorter ones are the machine's: those wait for an answer or space out attempts, and
 * answers come in the machine's time. `Date` and `performance.now` follow too. What was made before `install` does not: a timer,
 * and a `promisify(setTimeout)`.
 */
import * as diagnostics_channel from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import * as nodeModule from 'node:module';

interface Runtime {
  readonly diagnostics: Pick<typeof diagnostics_channel, 'subscribe' | 'unsubscribe'>;
  readonly nodeModule: Pick<typeof nodeModule, 'syncBuiltinESMExports'>;
  /** What `node:timers` exports, to be changed; its `promises` is what `node:timers/promises` exports. */
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

  /** The most that a timer of the machine can wait. What is to wait longer it runs at once, here as well. */
  const TIMER_MS_MAX = 2 ** 31 - 1;

  /** After a timer has run, what it started may take a moment until it shows as a request under way. */
  const SETTLE_MS = 10;
  /** A request that is not answered (a fault swallows it) must not hold the clock. */
  const SETTLE_MS_MAX = 1000;

  type Callback = (...args: unknown[]) => unknown;

  interface WaitOptions {
    readonly signal?: AbortSignal;
    readonly ref?: boolean;
  }

  interface Waits {
    setTimeout(delayMs?: number, value?: unknown, options?: WaitOptions): Promise<unknown>;
    setInterval(delayMs?: number, value?: unknown, options?: WaitOptions): AsyncIterable<unknown>;
    readonly scheduler: { wait(delayMs: number, options?: WaitOptions): Promise<unknown> };
  }

  const waits = (nodeTimers as { readonly promises: Waits }).promises;

  const machine = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    Date: globalThis.Date,
  };
  const machineWaits = { setTimeout: waits.setTimeout, setInterval: waits.setInterval };
  const machineWait = waits.scheduler.wait;
  const machineTicks = performance.now.bind(performance);

  const isLong = (delayMs: unknown): boolean => Number(delayMs) >= LONG_MS && Number(delayMs) <= TIMER_MS_MAX;

  /** What is not, the machine's own refuses in its own words. */
  function isWait(delayMs: unknown, options: WaitOptions): delayMs is number {
    if (typeof delayMs !== 'number' || !isLong(delayMs) || typeof options !== 'object' || options === null)
      return false;
    const { signal, ref = true } = options;
    return (
      typeof ref === 'boolean' &&
      (signal === undefined || (typeof signal === 'object' && signal !== null && 'aborted' in signal))
    );
  }

  /**
   * Stands where a `Timeout` would. Behind it is one of the machine that never comes due: it keeps the process alive for as long as
   * this one would, and lends it a number that is no other timer's.
   */
  class LongTimer {
    readonly callback: () => void;
    readonly delayMs: number;
    readonly repeats: boolean;
    due = 0;
    /** What it was turned into, if it was: it may be cleared by that. */
    number: number | undefined;
    /** Told when it waits no longer, however that came. */
    whenEnded: (() => void) | undefined;
    #standIn: ReturnType<typeof setInterval> | undefined;
    #holds = true;
    #closed = false;

    constructor(callback: () => void, delayMs: number, repeats: boolean) {
      this.callback = callback;
      this.delayMs = delayMs;
      this.repeats = repeats;
    }

    ref(): this {
      this.#holds = true;
      this.#standIn?.ref();
      return this;
    }

    unref(): this {
      this.#holds = false;
      this.#standIn?.unref();
      return this;
    }

    hasRef(): boolean {
      return this.#holds;
    }

    /** Also of one that has run, as on Node. */
    refresh(): this {
      if (!this.#closed) timers.start(this);
      return this;
    }

    close(): this {
      this.#closed = true;
      timers.end(this);
      return this;
    }

    started(): void {
      this.#standIn ??= machine.setInterval(() => undefined, TIMER_MS_MAX);
      if (!this.#holds) this.#standIn.unref();
    }

    ended(): void {
      machine.clearInterval(this.#standIn);
      this.#standIn = undefined;
      this.whenEnded?.();
    }

    [Symbol.toPrimitive](): number {
      this.number ??= Number(this.#standIn);
      return this.number;
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
      const setTimeout = this.#setter(machine.setTimeout as never, false);
      // What `util.promisify` makes of it.
      const promisified = Symbol.for('nodejs.util.promisify.custom');
      Object.defineProperty(setTimeout, promisified, { enumerable: true, get: () => waits.setTimeout });
      const followed = {
        setTimeout,
        setInterval: this.#setter(machine.setInterval as never, true),
        clearTimeout: this.#clearer(machine.clearTimeout as never),
        clearInterval: this.#clearer(machine.clearInterval as never),
        Date: this.#date(),
      };
      this.#put(followed, this.#waits(), (delayMs, options) => waits.setTimeout(delayMs, undefined, options));
      for (const [channel, listener] of this.#channels) diagnostics.subscribe(channel, listener);
    }

    uninstall(): void {
      this.#installed = false;
      for (const timer of [...this.#timers]) this.end(timer);
      // A request that a fault swallowed must not hold up the clock of the next emulator.
      this.#underWay.clear();
      this.#put(machine, machineWaits, machineWait);
      for (const [channel, listener] of this.#channels) diagnostics.unsubscribe(channel, listener);
    }

    start(timer: LongTimer): void {
      // One that is refreshed behind the end would wait for a clock that nobody moves, and keep the process for it.
      if (!this.#installed) return;
      timer.due = Math.ceil(this.now() + timer.delayMs);
      this.#timers.add(timer);
      timer.started();
    }

    end(timer: LongTimer): void {
      this.#timers.delete(timer);
      timer.ended();
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
        else this.end(timer);
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

    #started(callback: () => void, delayMs: number, repeats: boolean): LongTimer {
      const timer = new LongTimer(callback, delayMs, repeats);
      this.start(timer);
      return timer;
    }

    #setter(own: (callback: Callback, delayMs?: unknown, ...args: unknown[]) => unknown, repeats: boolean) {
      return (callback: Callback, delayMs?: unknown, ...args: unknown[]): unknown =>
        typeof callback === 'function' && isLong(delayMs)
          ? this.#started(() => callback(...args), Number(delayMs), repeats)
          : own(callback, delayMs, ...args);
    }

    #clearer(own: (timer: unknown) => void) {
      return (given: unknown): void => {
        const timer = given instanceof LongTimer ? given : this.#numbered(given);
        if (timer === undefined) own(given);
        else timer.close();
      };
    }

    #numbered(given: unknown): LongTimer | undefined {
      if (typeof given !== 'number' && typeof given !== 'string') return undefined;
      return [...this.#timers].find(({ number }) => number === Number(given));
    }

    /** An abort ends in the machine's own error: its waits, given a signal that is aborted, refuse with that and wait for nothing. */
    #waits(): typeof machineWaits {
      const started = this.#started.bind(this);

      function wait(delayMs?: number, value?: unknown, options: WaitOptions = {}): Promise<unknown> {
        if (!isWait(delayMs, options) || options.signal?.aborted)
          return machineWaits.setTimeout(delayMs, value, options);
        const { signal, ref = true } = options;
        return new Promise((resolve) => {
          const aborted = () => {
            timer.close();
            resolve(machineWaits.setTimeout(delayMs, value, options));
          };
          const timer = started(() => resolve(value), delayMs, false);
          timer.whenEnded = () => signal?.removeEventListener('abort', aborted);
          if (!ref) timer.unref();
          signal?.addEventListener('abort', aborted, { once: true });
        });
      }

      async function* ticks(delayMs?: number, value?: unknown, options: WaitOptions = {}): AsyncGenerator<unknown> {
        if (!isWait(delayMs, options)) return yield* machineWaits.setInterval(delayMs, value, options);
        const { signal, ref = true } = options;
        let due = 0;
        let wake: () => void = () => undefined;
        const ticked = () => {
          due += 1;
          wake();
        };
        const aborted = () => wake();
        const timer = started(ticked, delayMs, true);
        if (!ref) timer.unref();
        signal?.addEventListener('abort', aborted, { once: true });
        try {
          while (!signal?.aborted) {
            if (due === 0) {
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
            }
            for (; due > 0; due--) yield value;
          }
          return yield* machineWaits.setInterval(delayMs, value, options);
        } finally {
          signal?.removeEventListener('abort', aborted);
          timer.close();
        }
      }

      return { setTimeout: wait, setInterval: ticks };
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

    #put(
      { Date: date, ...functions }: Record<keyof typeof machine, unknown>,
      promised: typeof machineWaits,
      wait: typeof machineWait,
    ): void {
      Object.assign(globalThis, functions, { Date: date });
      Object.assign(nodeTimers, functions);
      Object.assign(waits, promised);
      waits.scheduler.wait = wait;
      nodeModule.syncBuiltinESMExports();
    }

    /** What Node tells of requests, by its own client and by `fetch`. */
    readonly #channels: readonly (readonly [string, (message: unknown) => void])[] = [
      ['undici:request:create', (message) => isOfClient(message) && this.#underWay.add(requestOf(message))],
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

  /** A test's own call, such as a scenario that waits for the clock, is no answer to anything. */
  const isOfClient = (message: unknown): boolean =>
    !String((requestOf(message) as { readonly path?: unknown }).path).startsWith('/admin/v1/');

  const requestOf = (message: unknown): unknown => (message as { readonly request?: unknown }).request;

  const timers = new FollowingTimers();
  return timers;
}

const require = nodeModule.createRequire(import.meta.url);

/**
 * What `import` gives of Node's modules is a copy of what they export. Bun's own `syncBuiltinESMExports` does nothing, and what its
 * test runner has for mocking does it; it stands beside the runner's modules outside of tests too.
 */
const modulesOfBun = {
  syncBuiltinESMExports(): void {
    const { mock } = require('bun:test') as { mock: { module(name: string, exports: () => object): void } };
    for (const name of ['timers', 'timers/promises', 'node:timers', 'node:timers/promises']) {
      const exported = require(name) as object;
      mock.module(name, () => ({ ...exported, default: exported }));
    }
  },
};

/** One for the process, as its timers are. */
export const timers: ProcessTimers = createProcessTimers({
  diagnostics: diagnostics_channel,
  nodeModule: 'Bun' in globalThis ? modulesOfBun : nodeModule,
  nodeTimers: require('node:timers') as object,
});
