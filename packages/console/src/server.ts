/** What the server is, and what time it is there. */
import { computed, signal } from '@preact/signals';
import { ApiError, call } from './api.ts';
import { poll } from './polling.ts';

export interface Status {
  readonly mode: 'dev' | 'serve';
  readonly clock: { readonly now: number; readonly iso: string; readonly frozen: boolean };
  readonly rules: { readonly asOf: string };
  readonly faults: readonly string[];
}

const STATUS_EVERY_MS = 1000;
const TICK_MS = 250;

export const status = signal<Status | null>(null);

/** Why there is no status; null while there is. */
export const fault = signal<ApiError | null>(null);

export const isEmulator = computed(() => status.value?.mode === 'dev');

/** The server's virtual time, in ms, as this page may tell it between two answers. 0 until there was one. */
export const serverNow = signal(0);

/** How far the server's time is ahead of this machine's, in ms. */
export const aheadMs = signal(0);

/** Of `performance.now`: when the status came. */
let receivedAt = 0;

export function watchServer(): void {
  poll(refreshStatus, STATUS_EVERY_MS);
  setInterval(tick, TICK_MS);
}

export async function refreshStatus(): Promise<void> {
  try {
    const answer = await call<Status>('GET', '/status');
    receivedAt = performance.now();
    aheadMs.value = answer.clock.now - Date.now();
    status.value = answer;
    fault.value = null;
    tick();
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    fault.value = cause;
  }
}

function tick(): void {
  const clock = status.peek()?.clock;
  if (clock === undefined) return;
  serverNow.value = clock.frozen ? clock.now : clock.now + (performance.now() - receivedAt);
}
