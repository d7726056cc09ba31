/** How the stream is, in one line. */
import type { StreamStatus, Verdict } from '@listenpost/client';
import type { Tone } from './columns.ts';
import { printable, type Span, span } from './spans.ts';

export const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  live: 'green',
  quiet: 'blue',
  suspect: 'yellow',
  dead: 'red',
};

/** What the status itself does not know. */
export interface Surroundings {
  readonly now: number;
  /** `listenKey` or `listenToken`. */
  readonly grant: string;
  /** From the venue's time in the last event to its arrival, in ms; undefined before the first. */
  readonly lagMs: number | undefined;
  readonly events: number;
  readonly gaps: number;
}

const BAR = span(' | ', 'dim');

export function statusLine(status: StreamStatus, { now, grant, lagMs, events, gaps }: Surroundings): Span[] {
  const { verdict, reason, grantDeadline, connections, handingOver } = status;
  const parts: (readonly Span[])[] = [
    [span(verdict, VERDICT_TONES[verdict]), span(` ${printable(reason)}`)],
    ...(grantDeadline === undefined ? [] : [[span(`${grant} `, 'dim'), span(countdown(grantDeadline - now))]]),
    ...(lagMs === undefined ? [] : [lagPart(lagMs)]),
    [span(counted(connections, 'connection')), ...(handingOver ? [span(' handing over', 'yellow')] : [])],
    [span(counted(events, 'event'))],
    ...(gaps === 0 ? [] : [[span(counted(gaps, 'gap'), 'red')]]),
  ];
  return parts.flatMap((part, index) => (index === 0 ? part : [BAR, ...part]));
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** From here on it is not the network that is ahead or behind: the clocks differ, as where the emulator's was moved. */
const CLOCKS_DIFFER_MS = 60_000;
/** Less is the clocks' own inaccuracy. */
const AHEAD_MS = -1000;

function lagPart(lagMs: number): readonly Span[] {
  if (lagMs < AHEAD_MS || lagMs > CLOCKS_DIFFER_MS) {
    const side = lagMs < 0 ? 'ahead' : 'behind';
    return [span("venue's clock ", 'dim'), span(`${countdown(Math.abs(lagMs))} ${side}`, 'yellow')];
  }
  return [span('lag ', 'dim'), span(`${Math.max(0, Math.round(lagMs))} ms`, lagMs > 1000 ? 'yellow' : undefined)];
}

/** `59:31`, `23:59:59`; never below zero. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return h === 0 ? `${two(m)}:${two(s)}` : `${h}:${two(m)}:${two(s)}`;
}
