import type { TargetedKeyboardEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clockTime, figure } from '../format.ts';
import { shownTheme } from '../theme.ts';

export interface Series<Step> {
  readonly name: string;
  /** Whether it is measured now and then only: each measure is drawn as a point too, and no line leads over what was not. */
  readonly sparse?: true;
  /** Null where there was nothing to measure. */
  readonly value: (step: Step) => number | null;
}

interface ChartProps<Step> {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series<Step>[];
  readonly steps: readonly Step[];
  /** In seconds. */
  readonly timeOf: (step: Step) => number;
  readonly spanSeconds: number;
}

/** As in the style sheet, which keeps the place before anything is drawn. */
const HEIGHT = 132;
/** All charts point at the same moment. */
const SYNC = uPlot.sync('rates');

/** One figure over time. Its numbers stand above it as text, for the latest moment or the one that is pointed at. */
export function Chart<Step>({ title, unit, series, steps, timeOf, spanSeconds }: ChartProps<Step>) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const dark = shownTheme.value === 'dark';
  const times = steps.map(timeOf);
  const data: uPlot.AlignedData = [times, ...series.map(({ value }) => steps.map(value))];

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(element, series, setPointed), data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [dark]);

  useEffect(() => {
    const last = times.at(-1);
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      if (last !== undefined) plot.current?.setScale('x', { min: last - spanSeconds, max: last });
    });
  }, [steps, spanSeconds, dark]);

  const at = pointed === null ? steps.length - 1 : Math.min(pointed, steps.length - 1);
  const step = steps[at];
  const shown = series.map(({ name, value }) => ({ name, value: step === undefined ? null : value(step) }));
  const told = shown.map(({ name, value }) => `${name} ${value === null ? 'none' : figure(value)}${unit}`).join(', ');
  return (
    <figure
      class="panel chart"
      tabIndex={0}
      aria-label={`${title}: ${told}`}
      onKeyDown={(event) => walk(event, plot.current, at)}
      onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
    >
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="dim mono chart-time">
          {pointed === null || step === undefined ? '' : clockTime(timeOf(step) * 1000).slice(0, 8)}
        </span>
        <span class="chart-values">
          {shown.map(({ name, value }, index) => (
            <span key={name}>
              <i class={`swatch swatch-${index}`} aria-hidden="true" />
              <span class="dim">{name}</span>
              <b class="mono">{value === null ? '–' : `${figure(value)}${unit}`}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}

/** To the minute, and to the second in between. */
const timeLabel = (seconds: number): string => clockTime(seconds * 1000).slice(0, seconds % 60 === 0 ? 5 : 8);

/** The arrow keys point where the mouse would. */
function walk(event: TargetedKeyboardEvent<HTMLElement>, plot: uPlot | undefined, at: number): void {
  const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
  const time = plot?.data[0][at + step];
  if (step === 0 || plot === undefined || time === undefined) return;
  event.preventDefault();
  plot.setCursor({ left: plot.valToPos(time, 'x'), top: HEIGHT / 3 });
}

function optionsOf(
  element: HTMLElement,
  series: readonly { readonly sparse?: true }[],
  point: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--dim'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: SYNC.key }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_, min, max) => [Math.min(0, min), max > 0 ? max * 1.15 : 1] } },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, ticks) => ticks.map(timeLabel) },
      { ...axis, size: 46, space: 32, values: (_, ticks) => ticks.map(figure) },
    ],
    series: [
      {},
      ...series.map(({ sparse = false }, index) => ({
        stroke: colour(`--series-${index}`),
        width: 1.75,
        ...(index === 0 ? { fill: `${colour('--series-0')}1f` } : {}),
        points: { show: sparse, size: 4, fill: colour(`--series-${index}`) },
        spanGaps: !sparse,
      })),
    ],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? null)] },
  };
}
