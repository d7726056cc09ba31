/** Where the venue numbers its events, an account is asked where its stream stands: by joining it once more, and leaving. */
import type { Clock } from '../doors.ts';
import { NetworkError } from '../errors.ts';
import type { OpenFeed } from '../feed/feed.ts';
import type { AccountState, CheckAccounts } from './account-watch.ts';
import type { Budget } from './budget.ts';
import { wait } from './wait.ts';

/** A probe that takes longer says nothing. */
const WITHIN_MS = 15_000;

export interface ProbeOptions {
  readonly clock: Clock;
  /** A probe is a handshake like any other: counted, and not made while the venue wants silence. */
  readonly budget: Budget;
  readonly openFeed: OpenFeed;
  /** Aborted when the stream is closed: no probe outlives it. */
  readonly signal: AbortSignal;
}

export function probe({ clock, budget, openFeed, signal }: ProbeOptions): CheckAccounts {
  return async (scopes) => {
    await wait(clock, budget.connectionDelayMs(), signal);
    if (signal.aborted) throw new NetworkError('the stream was closed');
    return ask(scopes);
  };

  function ask(scopes: readonly string[]): Promise<ReadonlyMap<string, AccountState>> {
    return new Promise((resolve, reject) => {
      const states = new Map<string, AccountState>();
      const over = (act: () => void) => {
        timer.cancel();
        signal.removeEventListener('abort', closed);
        feed.close();
        act();
      };
      const closed = () => over(() => reject(new NetworkError('the stream was closed')));
      signal.addEventListener('abort', closed);
      const timer = clock.after(WITHIN_MS, () => over(() => reject(new NetworkError('it was not joined in time'))));
      const feed = openFeed(
        {
          joined: (scope, { position }) => {
            if (position === undefined) return over(() => reject(new NetworkError('no position was told')));
            states.set(scope, { position });
            if (states.size === scopes.length) over(() => resolve(states));
          },
          event: () => undefined,
          proved: () => undefined,
          lost: () => undefined,
          shutdownAnnounced: () => undefined,
          ended: ({ reason, error }) => over(() => reject(error ?? new NetworkError(reason))),
        },
        () => 'latest',
        scopes,
      );
    });
  }
}
