/** Where the venue numbers its events, an account is asked where its stream stands: by joining it once more, and leaving. */
import type { Doors } from '../doors.ts';
import { NetworkError } from '../errors.ts';
import type { OpenFeed } from '../feed/feed.ts';
import type { AccountState, CheckAccounts } from './account-watch.ts';

/** A probe that takes longer says nothing. */
const WITHIN_MS = 15_000;

export function probe({ clock }: Doors, openFeed: OpenFeed): CheckAccounts {
  return (scopes) =>
    new Promise<ReadonlyMap<string, AccountState>>((resolve, reject) => {
      const states = new Map<string, AccountState>();
      const over = (act: () => void) => {
        timer.cancel();
        feed.close();
        act();
      };
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
