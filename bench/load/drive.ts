/**
 * One step of load: warm up, measure, and wait until everything that was published has come.
 *
 * The drive never sleeps while it measures: it asks the event loop for what has arrived, turn after turn, so that a timer's
 * grain does not show in the latencies.
 */
import { nowUs } from './clock.ts';
import type { Publisher } from './publishers.ts';
import type { Fleet } from './sockets.ts';

export interface DriveOptions {
  readonly publisher: Publisher;
  readonly fleet: Fleet;
  /** An open loop: events are due at this rate, sent or not, and are stamped with when they were due. */
  readonly eventsPerS?: number;
  /** Without a rate: as many as go, with at most so many published and not yet delivered. */
  readonly windowEvents: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** What has not come this long after the last that came is lost. */
  readonly lostAfterMs: number;
  /** Reads a counter of the server's CPU time, in ns. */
  cpuNs(): number;
}

export interface DriveResult {
  readonly eventsPerS: number;
  readonly cpuPerEventUs: number;
  /** Of one core. */
  readonly serverShare: number;
  /** Of the load's core: near 1 the load is what is measured. */
  readonly loadShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** How late an event was sent, at most: beyond a millisecond or two the load could not keep its own pace. */
  readonly lateMaxMs: number;
  readonly published: number;
  readonly lost: number;
}

/** Units published in one turn before the sockets are looked at again. */
const UNITS_PER_TURN = 256;

export async function drive(options: DriveOptions): Promise<DriveResult> {
  const { fleet, publisher, warmMs, measureMs } = options;
  const pump = new Pump(options);
  await pump.runFor(warmMs);
  fleet.latencyUs.reset();
  const start = { us: nowUs(), cpuNs: options.cpuNs(), delivered: fleet.delivered };
  fleet.measuring = true;
  pump.resetFigures();
  await pump.runFor(measureMs);
  fleet.measuring = false;
  const cpuNs = options.cpuNs() - start.cpuNs;
  const us = nowUs() - start.us;
  const delivered = fleet.delivered - start.delivered;
  const { idleUs, lateMaxUs } = pump;
  const lost = await pump.settle();
  publisher.assertSound();
  return {
    eventsPerS: (delivered * 1e6) / us,
    cpuPerEventUs: cpuNs / 1000 / delivered,
    serverShare: cpuNs / 1000 / us,
    loadShare: 1 - idleUs / us,
    ...latencies(fleet),
    lateMaxMs: lateMaxUs / 1000,
    published: pump.published,
    lost,
  };
}

function latencies({ latencyUs }: Fleet) {
  return {
    p50Ms: latencyUs.quantile(0.5) / 1000,
    p99Ms: latencyUs.quantile(0.99) / 1000,
    p999Ms: latencyUs.quantile(0.999) / 1000,
    maxMs: latencyUs.max / 1000,
  };
}

class Pump {
  idleUs = 0;
  lateMaxUs = 0;
  readonly #options: DriveOptions;
  readonly #publishedBefore: number;
  readonly #deliveredBefore: number;
  readonly #startUs = nowUs();
  /** Units sent so far, each due `#unitUs` after the one before. */
  #units = 0;
  readonly #unitUs: number;

  constructor(options: DriveOptions) {
    const { publisher, fleet, eventsPerS } = options;
    this.#options = options;
    this.#publishedBefore = publisher.published;
    this.#deliveredBefore = fleet.delivered;
    this.#unitUs = eventsPerS === undefined ? 0 : (publisher.unitEvents * 1e6) / eventsPerS;
  }

  get published(): number {
    return this.#options.publisher.published - this.#publishedBefore;
  }

  get #outstanding(): number {
    return this.published - (this.#options.fleet.delivered - this.#deliveredBefore);
  }

  resetFigures(): void {
    this.idleUs = 0;
    this.lateMaxUs = 0;
  }

  runFor(ms: number): Promise<void> {
    const endUs = nowUs() + ms * 1000;
    return this.#turns((now) => {
      if (now >= endUs) return true;
      this.#publish(now);
      return false;
    });
  }

  /** Waits for what is on its way; gives the number of events that never came. */
  async settle(): Promise<number> {
    let last = nowUs();
    let outstanding = this.#outstanding;
    await this.#turns((now) => {
      if (this.#outstanding !== outstanding) {
        outstanding = this.#outstanding;
        last = now;
      }
      return outstanding === 0 || now - last > this.#options.lostAfterMs * 1000;
    });
    return outstanding;
  }

  /** A turn in which nothing came and nothing was sent was idle, with all the time since the one before. */
  #turns(turn: (nowUs: number) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let before = nowUs();
      let work = this.#work;
      const next = () => {
        const now = nowUs();
        if (this.#work === work) this.idleUs += now - before;
        work = this.#work;
        before = now;
        try {
          if (turn(now)) resolve();
          else setImmediate(next);
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(next);
    });
  }

  get #work(): number {
    return this.#options.publisher.published + this.#options.fleet.delivered;
  }

  #publish(now: number): void {
    const { publisher } = this.#options;
    if (this.#unitUs > 0) this.#publishDue(now);
    else this.#publishWindow(now);
    publisher.flush();
    publisher.assertSound();
  }

  #publishDue(now: number): void {
    for (let left = UNITS_PER_TURN; left > 0; left--) {
      const dueUs = Math.floor(this.#startUs + this.#units * this.#unitUs);
      if (dueUs > now || !this.#options.publisher.publish(dueUs)) return;
      this.#units++;
      if (now - dueUs > this.lateMaxUs) this.lateMaxUs = now - dueUs;
    }
  }

  #publishWindow(now: number): void {
    const { publisher, windowEvents } = this.#options;
    for (let left = UNITS_PER_TURN; left > 0; left--) {
      if (this.#outstanding + publisher.unitEvents > windowEvents || !publisher.publish(now)) return;
    }
  }
}
