import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { House } from '@listenpost/core';
import type { EndName } from '@listenpost/protocol';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Route } from './route.ts';

const LAG_RESOLUTION_MS = 20;

/** What both kinds of the runtime's histograms give. */
export type Histogram = Pick<ReturnType<typeof createHistogram>, 'count' | 'percentile' | 'max' | 'reset'>;

/** A figure and the values it has at this moment, each with its labels. */
type Values = Iterable<readonly [value: number, labels?: Readonly<Record<string, string>>]>;

/**
 * What the operator's monitoring reads. Everything is counted as plain numbers where it happens; labels and text are made
 * only when somebody asks.
 */
export class Metrics {
  readonly #ends = new Map<EndName, number>();
  readonly #commits = createHistogram();
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });

  /** For the house's door of this name. */
  connectionEnded(name: EndName): void {
    this.#ends.set(name, (this.#ends.get(name) ?? 0) + 1);
  }

  /** An append became durable after so long. */
  committed(ms: number): void {
    this.#commits.record(Math.max(1, Math.round(ms * 1e6)));
  }

  /** Begins to measure; `stop` lets the process end. */
  start(): void {
    this.#lag.enable();
  }

  stop(): void {
    this.#lag.disable();
  }

  /** In the text format of Prometheus. */
  text(house: House): Promise<string> {
    const registry = new Registry();
    const counter = (name: string, help: string, labelNames: string[], values: Values) => {
      const figure = new Counter({ name: `listenpost_${name}`, help, labelNames, registers: [registry] });
      for (const [value, labels = {}] of values) figure.inc(labels, value);
    };
    const gauge = (name: string, help: string, labelNames: string[], values: Values) => {
      const figure = new Gauge({ name: `listenpost_${name}`, help, labelNames, registers: [registry] });
      for (const [value, labels = {}] of values) figure.set(labels, value);
    };
    const { router, readingDesk, requests, listenKeys, accounts, journal, store } = house;
    counter('events_appended_total', 'Events that became durable', [], [[router.events]]);
    counter('events_delivered_total', 'Events handed to subscriptions', [], [[router.deliveries]]);
    counter(
      'events_backfilled_total',
      'Events read from the journal by resuming subscriptions',
      [],
      [[readingDesk.events]],
    );
    gauge('backfill_turns_waiting', 'Resuming subscriptions that wait for their turn', [], [[readingDesk.waiting]]);
    counter('requests_total', 'Answers by operation and status', ['operation', 'status'], requestValues(requests));
    counter('connection_ends_total', 'Connections that the server ended, by name', ['end'], this.#endValues());
    gauge('connections', 'Open client connections', ['row'], connectionValues(house));
    gauge('listen_keys', 'Live listenKeys', [], [[listenKeys.size]]);
    gauge('accounts', 'Accounts', [], [[accounts.size]]);
    gauge('journal_fault', '1 while the journal takes no events', [], [[journal.fault === undefined ? 0 : 1]]);
    gauge('registry_fault', '1 while the registry takes no changes', [], [[store.fault === undefined ? 0 : 1]]);
    const sinceLastScrape = ['quantile'];
    gauge('commit_seconds', 'From append until durable, since the last scrape', sinceLastScrape, spread(this.#commits));
    gauge('event_loop_lag_seconds', 'Lateness of timers since the last scrape', sinceLastScrape, spread(this.#lag));
    gauge('resident_memory_bytes', 'Memory of the process', [], [[process.memoryUsage.rss()]]);
    return registry.metrics();
  }

  *#endValues(): Values {
    for (const [end, count] of this.#ends) yield [count, { end }];
  }
}

/** What was recorded, in nanoseconds, as seconds; recording begins anew. */
function* spread(histogram: Histogram): Values {
  const none = histogram.count === 0;
  const seconds = (nanoseconds: number) => (none || !Number.isFinite(nanoseconds) ? 0 : nanoseconds / 1e9);
  yield [seconds(histogram.percentile(50)), { quantile: '0.5' }];
  yield [seconds(histogram.percentile(99)), { quantile: '0.99' }];
  yield [seconds(histogram.max), { quantile: '1' }];
  histogram.reset();
}

function* requestValues(requests: House['requests']): Values {
  for (const { operation, status, count } of requests.all()) yield [count, { operation, status: String(status) }];
}

function* connectionValues({ connections }: House): Values {
  const rows = new Map<string, number>();
  for (const connection of connections) {
    const { row } = connection.info();
    rows.set(row, (rows.get(row) ?? 0) + 1);
  }
  for (const [row, count] of rows) yield [count, { row }];
}

export const getMetrics: Route = {
  method: 'GET',
  path: '/metrics',
  role: 'read',
  async handle(_call, { house, metrics }) {
    return new Response(await metrics.text(house), { headers: { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE } });
  },
};
