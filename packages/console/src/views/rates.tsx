import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, token } from '../api.ts';
import { figure, megabytes } from '../format.ts';
import { SelectField } from '../parts/fields.tsx';
import { poll } from '../polling.ts';
import { Chart, type Series } from './chart.tsx';

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Sample {
  readonly n: number;
  readonly at: number;
  readonly events: number;
  readonly deliveries: number;
  readonly requests: number;
  readonly connections: number;
  readonly listenKeys: number;
  readonly commitMs: Spread | null;
  readonly lagMs: Spread | null;
  readonly residentBytes: number;
}

/** As many as the server keeps itself: ten minutes. */
const SAMPLES_MAX = 600;
const SAMPLES_EVERY_MS = 1000;

const WINDOWS = [
  { value: '60', title: 'the last minute' },
  { value: '300', title: 'the last five minutes' },
  { value: '600', title: 'the last ten minutes' },
];

interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series<Step>[];
}

/** A sample and the one before it, which what is counted is the difference of. */
interface Step {
  readonly before: Sample;
  readonly now: Sample;
}

const rate =
  (name: 'events' | 'deliveries' | 'requests') =>
  ({ before, now }: Step) =>
    ((now[name] - before[name]) * 1000) / (now.at - before.at);

const PLOTS: readonly Plot[] = [
  { title: 'Events', unit: '/s', series: [{ name: 'durable', value: rate('events') }] },
  { title: 'Deliveries', unit: '/s', series: [{ name: 'to subscriptions', value: rate('deliveries') }] },
  { title: 'Requests', unit: '/s', series: [{ name: 'answered', value: rate('requests') }] },
  {
    title: 'Connections and listenKeys',
    unit: '',
    series: [
      { name: 'connections', value: ({ now }) => now.connections },
      { name: 'listenKeys', value: ({ now }) => now.listenKeys },
    ],
  },
  {
    title: 'Commit latency',
    unit: ' ms',
    series: [
      { name: 'median', sparse: true, value: ({ now }) => now.commitMs?.p50 ?? null },
      { name: '99th percentile', sparse: true, value: ({ now }) => now.commitMs?.p99 ?? null },
    ],
  },
  {
    title: 'Event-loop lag',
    unit: ' ms',
    series: [
      { name: 'median', value: ({ now }) => now.lagMs?.p50 ?? null },
      { name: '99th percentile', value: ({ now }) => now.lagMs?.p99 ?? null },
    ],
  },
];

export function Rates() {
  const [seconds, setSeconds] = useState('60');
  const { samples, fault } = useSamples();
  const steps = samples.slice(1).map((now, index) => ({ before: samples[index] ?? now, now }));
  const shown = steps.slice(-Number(seconds));
  const latest = samples.at(-1);
  return (
    <div class="view rates">
      <div class="bar">
        <SelectField label="Shown" value={seconds} choices={WINDOWS} onValue={setSeconds} />
        <p class="dim" role="status">
          {fault ??
            (latest === undefined
              ? 'Waiting for the first samples …'
              : `${figure(latest.events)} events and ${figure(latest.deliveries)} deliveries since the start, ${megabytes(latest.residentBytes)} MB in use`)}
        </p>
      </div>
      <div class="charts">
        {PLOTS.map(({ title, unit, series }) => (
          <Chart
            key={title}
            title={title}
            unit={unit}
            series={series}
            steps={shown}
            timeOf={({ now }) => now.at / 1000}
            spanSeconds={Number(seconds)}
          />
        ))}
      </div>
    </div>
  );
}

function useSamples() {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    let held: readonly Sample[] = [];
    return poll(async () => {
      try {
        const { samples: fresh } = await call<{ samples: Sample[] }>('GET', `/samples?after=${held.at(-1)?.n ?? 0}`);
        // The server has begun anew: it counts from 1 again.
        const restarted = fresh.length === 0 && held.length > 0 && (await isRestarted(held));
        held = restarted ? [] : [...held, ...fresh].slice(-SAMPLES_MAX);
        setSamples(held);
        setFault(undefined);
      } catch (cause) {
        if (!(cause instanceof ApiError)) throw cause;
        setFault(cause.message);
      }
    }, SAMPLES_EVERY_MS);
  }, [token.value]);
  return { samples, fault };
}

async function isRestarted(held: readonly Sample[]): Promise<boolean> {
  const { samples } = await call<{ samples: Sample[] }>('GET', '/samples');
  const last = held.at(-1);
  const same = samples.find(({ n }) => n === last?.n);
  return same === undefined || same.at !== last?.at;
}
