import { clockSkew } from './clock-skew.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import { dropKeepalive } from './drop-keepalive.ts';
import { duplicate } from './duplicate.ts';
import { expireNow } from './expire-now.ts';
import type { FaultRow } from './fault.ts';
import { halfOpen } from './half-open.ts';
import { http } from './http.ts';
import { shutdown } from './shutdown.ts';
import { swap } from './swap.ts';
import { zombie } from './zombie.ts';

/** Every fault there is (design §5). */
export const FAULTS: readonly FaultRow[] = [
  zombie,
  cut,
  halfOpen,
  delay,
  duplicate,
  swap,
  dropKeepalive,
  http,
  expireNow,
  shutdown,
  clockSkew,
];
