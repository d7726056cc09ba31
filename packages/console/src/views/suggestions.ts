import { EVENTS, PRODUCTS } from '@listenpost/protocol';
import { signal } from '@preact/signals';
import { ApiError } from '../api.ts';
import { loadAccounts } from './rows.ts';

/** Accounts to choose from, as many as one page has. */
export const accountIds = signal<readonly string[]>([]);

export function refreshAccountIds(): void {
  loadAccounts('').then(
    ({ rows }) => {
      accountIds.value = rows.map(({ id }) => id);
    },
    (cause: unknown) => {
      // Without them a field suggests nothing, and the view says itself why it has nothing to show.
      if (!(cause instanceof ApiError)) reportError(cause);
    },
  );
}

/** Isolated margin has one for each symbol, so it is only begun. */
export const SCOPES: readonly string[] = Object.values(PRODUCTS).map(({ id, symbolsOf }) =>
  symbolsOf === undefined ? id : `${id}:`,
);

export const EVENT_TYPES: readonly string[] = Object.values(EVENTS)
  .filter((table) => !('system' in table))
  .map(({ name }) => name);
