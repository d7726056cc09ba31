import { countdown, instant } from '../format.ts';
import { serverNow } from '../server.ts';

/** The last tenth of an hour is worth a look. */
const SOON_MS = 6 * 60_000;

interface DeadlineProps {
  readonly expiresAt: string;
  /** For how long the grant was given at most, in ms: what the bar is full at. */
  readonly validityMs: number;
  readonly ended: boolean;
}

/** What is left of a grant on the server's own clock. */
export function Deadline({ expiresAt, validityMs, ended }: DeadlineProps) {
  const deadline = Date.parse(expiresAt);
  const leftMs = deadline - serverNow.value;
  const gone = ended || leftMs <= 0;
  const part = gone ? 0 : Math.min(1, leftMs / validityMs);
  const mood = gone ? 'gone' : leftMs < SOON_MS ? 'soon' : 'fine';
  return (
    <span class={`deadline deadline-${mood}`} title={`${instant(deadline)} UTC`}>
      <span class="mono">{gone ? (leftMs <= 0 ? 'expired' : 'ended') : countdown(leftMs)}</span>
      <span class="meter" aria-hidden="true">
        <span style={{ transform: `scaleX(${part})` }} />
      </span>
    </span>
  );
}
