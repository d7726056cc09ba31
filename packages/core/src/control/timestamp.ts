import { WireError } from './wire-error.ts';

const DEFAULT_RECV_WINDOW_MS = 5000;
const RECV_WINDOW_MS_MAX = 60_000;
/** From here on a timestamp is in microseconds (spot-margin §2.4): as ms it would lie in the year 5138. */
const MICROSECONDS_FROM = 1e14;

const INTEGER = /^\d{1,17}$/;
const DECIMAL = /^\d{1,9}(?:\.(\d+))?$/;

/**
 * The timestamp rule of spot-margin §2.4: `T < S + 1 s` and `S - T <= recvWindow`. Passes when it holds for any of the given
 * clocks, each in ms: one in service, two in the emulator, where an unmodified client signs with the machine's time.
 */
export function assertTimely(clocks: readonly number[], timestamp: string, recvWindow: string | undefined): void {
  if (!INTEGER.test(timestamp)) throw new WireError('MANDATORY_PARAM', ['timestamp']);
  const value = Number(timestamp);
  const sentMs = value >= MICROSECONDS_FROM ? value / 1000 : value;
  const windowMs = recvWindowMs(recvWindow);
  if (clocks.some((now) => sentMs < now + 1000 && now - sentMs <= windowMs)) return;
  const ahead = clocks.every((now) => sentMs >= now + 1000);
  throw new WireError(ahead ? 'TIMESTAMP_AHEAD' : 'TIMESTAMP_OUTSIDE_RECV_WINDOW');
}

function recvWindowMs(text: string | undefined): number {
  if (text === undefined) return DEFAULT_RECV_WINDOW_MS;
  const decimals = DECIMAL.exec(text);
  if (decimals === null) throw new WireError('INVALID_PARAMETER', ['recvWindow']);
  if ((decimals[1]?.length ?? 0) > 3) throw new WireError('RECV_WINDOW_PRECISION');
  const value = Number(text);
  if (value > RECV_WINDOW_MS_MAX) throw new WireError('RECV_WINDOW_TOO_LARGE');
  return value;
}
