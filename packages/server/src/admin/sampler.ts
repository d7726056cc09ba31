import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { House } from '@listenpost/core';
import type { Histogram } from './metrics.ts';

export const SAMPLE_EVERY_MS = 1000;

/** Ten minutes. */
const SAMPLES_MAX = 600;

const LAG_RESOLUTION_MS = 20;

/** Of the durations within one sample, in ms; null where there was none. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The house's figures at one moment. What is counted is counted from the start of the process on. */
export interface Sample {
  /** From 1, without a gap. */
  readonly n: number;
  /** Machine time, in ms. */
  readonly at: number;
  readonly events: number;
  readonly deliveries: number;
  readonly requests: number;
  readonly connections: number;
  readonly listenKeys: number;
  /** From `append` until durable. */
  readonly commitMs: Spread | null;
  /** Lateness of timers. */
  readonly lagMs: Spread | null;
  readonly residentBytes: number;
}

/**
 * Looks at the house once a second, whoever asks: readers that come late see what was, and two of them do not take each
 * other's figures, as they would where reading begins a new window.
 */
export class Sampler {
  readonly #house: House;
  readonly #commits = createHistogram();
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #n = 0;

  constructor(house: House) {
    this.#house = house;
  }

  start(): void {
    this.#lag.enable();
    this.#timer = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#lag.disable();
    clearInterval(this.#timer);
  }

  /** An append became durable after so long. */
  committed(ms: number): void {
    this.#commits.record(Math.max(1, Math.round(ms * 1e6)));
  }

  after(n: number): readonly Sample[] {
    return this.#samples.filter((sample) => sample.n > n);
  }

  sample(): void {
    const { router, requests, connections, listenKeys } = this.#house;
    let answered = 0;
    for (const { count } of requests.all()) answered += count;
    this.#samples.push({
      n: ++this.#n,
      at: Date.now(),
      events: router.events,
      deliveries: router.deliveries,
      requests: answered,
      connections: connections.size,
      listenKeys: listenKeys.size,
      commitMs: spreadOf(this.#commits),
      lagMs: spreadOf(this.#lag),
      residentBytes: process.memoryUsage.rss(),
    });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }
}

/** What the histogram holds, in ms; it is then empty. */
function spreadOf(histogram: Histogram): Spread | null {
  const ms = (nanoseconds: number) => Math.round(nanoseconds / 1e3) / 1e3;
  const { count, max } = histogram;
  const spread =
    count === 0 ? null : { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(max) };
  histogram.reset();
  return spread;
}
