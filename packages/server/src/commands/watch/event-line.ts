/** One line for one item of a stream. */
import { type EventMeta, type Gap, printExact, type WireEvent } from '@listenpost/client';
import { ALARMS, type Cell, COLUMNS, type Column, type Tone } from './columns.ts';
import { printable, type Span, span } from './spans.ts';

/** So wide that the names of nearly all events leave their columns where they are. */
const NAME_WIDTH = 18;

const DAY_MS = 86_400_000;

/** When the venue made it, what it is, whose where that is not the product's own stream, and the fields of its row. */
export function eventLine(event: WireEvent, { scope, receivedAt }: EventMeta, product: string): Span[] {
  const at = typeof event['E'] === 'number' ? event['E'] : receivedAt;
  const name = printable(event.e);
  return [
    span(`${clockTime(at, receivedAt)}  `, 'dim'),
    span(name.padEnd(NAME_WIDTH), ALARMS.has(event.e) ? 'red' : 'cyan'),
    ...(scope === product ? [] : [span(` ${scope}`, 'magenta')]),
    ...detail(event),
  ];
}

function detail(event: WireEvent): Span[] {
  const columns = COLUMNS[event.e];
  const spans = columns?.flatMap((column) => columnOf(event, column)) ?? [];
  if (spans.length > 0) return spans;
  const { e, ...rest } = event;
  return [span(` ${printable(printExact(rest))}`)];
}

function columnOf(from: unknown, column: Column): Span[] {
  if (!('list' in column)) return cellOf(from, column);
  const items = memberAt(from, column.list);
  return Array.isArray(items) ? items.flatMap((item) => column.cells.flatMap((cell) => cellOf(item, cell))) : [];
}

function cellOf(from: unknown, { path, tone, label, unit, width, unlessZero }: Cell): Span[] {
  const value = memberAt(from, path);
  if (value === undefined || value === null || value === '' || typeof value === 'object') return [];
  const text = printable(String(value));
  if (unlessZero && isZero(text)) return [];
  const behind = unit === undefined ? undefined : memberAt(from, unit);
  return [
    span(
      label === undefined || label === '' ? ' ' : ` ${label}${label.endsWith('#') || label === '@' ? '' : ' '}`,
      'dim',
    ),
    span(text.padEnd(width ?? 0), toneOf(text, tone)),
    ...(typeof behind === 'string' ? [span(` ${printable(behind)}`, 'dim')] : []),
  ];
}

const isZero = (text: string): boolean => /^[-+]?0*\.?0*$/.test(text);

function toneOf(text: string, tone: Cell['tone']): Tone | undefined {
  if (typeof tone === 'object') return tone[text];
  if (tone !== 'signed') return tone;
  if (isZero(text)) return undefined;
  return text.startsWith('-') ? 'red' : 'green';
}

function memberAt(from: unknown, path: string): unknown {
  let value = from;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** What may be missing, in time and, where the venue numbers its events, in positions. */
export function gapLine({ scope, from, to, missed, reason }: Gap, now: number, product: string): Span[] {
  const interval = `${clockTime(from, now)} to ${clockTime(to, now)} (${((to - from) / 1000).toFixed(1)} s)`;
  const positions = missed === undefined ? '' : `, positions ${missed.from} to ${missed.to}`;
  return [
    span(`${clockTime(now, now)}  `, 'dim'),
    span('GAP'.padEnd(NAME_WIDTH), 'red'),
    ...(scope === product ? [] : [span(` ${scope}`, 'magenta')]),
    span(` events may be missing from ${interval}${positions}: ${printable(reason)}`, 'red'),
  ];
}

/** What is said about the stream between its events. */
export function remarkLine(name: string, tone: Tone, text: string, now: number): Span[] {
  return [
    span(`${clockTime(now, now)}  `, 'dim'),
    span(name.padEnd(NAME_WIDTH), tone),
    span(` ${printable(text)}`, 'dim'),
  ];
}

/** By the clock of where this runs; with its day where that is not the day of `now`. */
export function clockTime(at: number, now: number): string {
  const local = (instant: number) => new Date(instant - new Date(instant).getTimezoneOffset() * 60_000).toISOString();
  if (!Number.isFinite(at) || Math.abs(at - now) > 36_500 * DAY_MS) return 'at no time  ';
  const [day, time] = local(at).slice(0, 23).split('T') as [string, string];
  return local(now).startsWith(day) ? time : `${day} ${time}`;
}
