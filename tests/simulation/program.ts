/** A program on a machine of its own: its clock, its chance, its way to the network, and its sudden death. */
import { createHmac } from 'node:crypto';
import type { Clock, Doors, Timer } from '../../packages/client/src/doors.ts';
import type { Signer } from '../../packages/client/src/wire/signer.ts';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { Network, Program } from './network.ts';
import type { Universe } from './universe.ts';

/** The machine's clock is wrong by so much, and may be set; its timers run as long as anybody's. */
export class SkewedClock implements Clock {
  readonly #universe: Universe;
  skewMs: number;
  readonly #alive: () => boolean;
  readonly #waiting = new Set<object>();

  constructor(universe: Universe, skewMs: number, alive: () => boolean) {
    this.#universe = universe;
    this.skewMs = skewMs;
    this.#alive = alive;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  now(): number {
    return this.#universe.now() + this.skewMs;
  }

  ticks(): number {
    return this.#universe.now();
  }

  /** As runtimes do it: whole milliseconds, at least one. */
  after(delayMs: number, action: () => void): Timer {
    const timer = this.#universe.after(Math.max(1, delayMs), () => {
      this.#waiting.delete(timer);
      if (this.#alive()) action();
    });
    this.#waiting.add(timer);
    return {
      cancel: () => {
        this.#waiting.delete(timer);
        timer.cancel();
      },
    };
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }
}

export class Process implements Program {
  readonly name: string;
  readonly ip: string;
  readonly clock: SkewedClock;
  readonly doors: Doors;
  readonly random: SeededRandom;
  readonly #network: Network;
  alive = true;

  constructor(network: Network, name: string, seed: number, skewMs: number) {
    const { universe } = network.doors;
    this.name = name;
    this.ip = '10.0.0.1';
    this.#network = network;
    this.random = seededRandom(seed);
    this.clock = new SkewedClock(universe, skewMs, () => this.alive);
    this.doors = {
      clock: this.clock,
      random: { next: () => this.random.fraction() },
      http: (request, signal) => network.http(this, request, signal),
      connect: (url, handlers) => network.connect(this, url, handlers),
    };
  }

  /** `kill -9`. */
  kill(): void {
    this.alive = false;
    this.#network.programDied(this);
  }
}

/**
 * The SDK's own signer asks WebCrypto, which answers when a thread of the machine is done: at no instant of this world. The same
 * signature, at once.
 */
export function signerAtOnce(secret: string): Signer {
  return {
    kind: 'HMAC',
    sign: (payload) => Promise.resolve(createHmac('sha256', secret).update(payload).digest('hex')),
  };
}
