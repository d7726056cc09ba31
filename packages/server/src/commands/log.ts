/**
 * The log of a running server, on stderr: JSON lines for machines, one readable line each on a terminal.
 */
import { type Logger, pino, stdTimeFunctions } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Written synchronously: what a server says last, before it ends, must not be lost. */
export function createLog(level: LogLevel): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, { write: (line: string) => process.stderr.write(`${readableLine(line)}\n`) });
}

/** `13:04:19 warn  what happened  key=value`. */
export function readableLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(rest).map(([name, value]) => `  ${name}=${printed(value)}`);
  const cause = (err as { readonly message?: string } | undefined)?.message;
  const words = [
    String(time).slice(11, 19),
    String(level).padEnd(5),
    `${msg ?? ''}${cause === undefined ? '' : `: ${cause}`}`,
  ];
  return words.join(' ') + details.join('');
}

function printed(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
