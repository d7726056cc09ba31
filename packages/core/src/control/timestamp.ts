import { WireError } from './wire-error.ts';

const DEFAULT_RECV_WINDOW_MS = 5000;
const RECV_WINDOW_MS_MAX = 60_000;
const AHEAD_US_MAX = 1_000_000;
/** From here on a timestamp is in microseconds (spot-margin §2.4): as ms it would lie in the year 5138. */
const MICROSECONDS_FROM = 1e14;

/** As long as the exchange takes them; beyond 2^53 they lie in no window anyway. */
const INTEGER = /^\d{1,20}$/;
const DECIMAL = /^\d{1,20}(?:\.(\d{1,20}))?$/;

/** What a signed request says of its time, read and in range. */
export interface SignedTime {
  readonly timestampUs: number;
  readonly recvWindowUs: number;
}

/** Reads both texts. Throws the row of the one that is malformed or out of range. */
export function signedTime(timestamp: string, recvWindow: string | undefined): SignedTime {
  if (!INTEGER.test(timestamp)) throw new WireError('MALFORMED_TIMESTAMP');
  const value = Number(timestamp);
  return { timestampUs: value >= MICROSECONDS_FROM ? value : value * 1000, recvWindowUs: recvWindowUs(recvWindow) };
}

/**
 * The timestamp rule of spot-margin §2.4, in whole microseconds so that both edges are exact: `T < S + 1 s` and
 * `S - T <= recvWindow`. Passes when it holds for any of the given clocks, each in ms: one in service, two in the emulator,
 * where an unmodified client signs with the machine's time.
 */
export function assertTimely(clocks: readonly number[], { timestampUs, recvWindowUs }: SignedTime): void {
  const ahead = (now: number) => timestampUs >= now * 1000 + AHEAD_US_MAX;
  if (clocks.some((now) => !ahead(now) && now * 1000 - timestampUs <= recvWindowUs)) return;
  throw new WireError(clocks.every(ahead) ? 'TIMESTAMP_AHEAD' : 'TIMESTAMP_OUTSIDE_RECV_WINDOW');
}

function recvWindowUs(text: string | undefined): number {
  if (text === undefined) return DEFAULT_RECV_WINDOW_MS * 1000;
  const decimals = DECIMAL.exec(text);
  if (decimals === null) throw new WireError('MALFORMED_RECV_WINDOW');
  if ((decimals[1]?.length ?? 0) > 3) throw new WireError('RECV_WINDOW_PRECISION');
  const value = Number(text);
  if (value > RECV_WINDOW_MS_MAX) throw new WireError('RECV_WINDOW_TOO_LARGE');
  return Math.round(value * 1000);
}
