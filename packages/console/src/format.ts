/** Figures as people read them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-07-01 00:00:00.000`, always in UTC. What has no such form is shown as the number it is. */
export function instant(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return String(ms);
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

export const clockTime = (ms: number): string => instant(ms).slice(11);

/** Down to the second: `59:07`, `23:59:07`, `2d 03:00:00`. */
export function countdown(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / SECOND) * SECOND);
  const clock = `${two(Math.floor((left % HOUR) / MINUTE))}:${two(Math.floor((left % MINUTE) / SECOND))}`;
  if (left < HOUR) return clock;
  const hours = Math.floor((left % DAY) / HOUR);
  return left < DAY ? `${two(hours)}:${clock}` : `${Math.floor(left / DAY)}d ${two(hours)}:${clock}`;
}

/** In its two largest units: `3s`, `12m 3s`, `5h 12m`, `2d 5h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0s';
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => `${value}${unit}`).join(' ');
}

/** `+61m`, `−3s`; empty for less than a second. */
export function offset(ms: number): string {
  const rounded = Math.round(ms / SECOND) * SECOND;
  return rounded === 0 ? '' : `${ms < 0 ? '−' : '+'}${duration(Math.abs(rounded))}`;
}

/** Three significant digits: `0.12`, `7.3`, `1,240`. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

export const megabytes = (bytes: number): string => figure(bytes / 1024 / 1024);

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
