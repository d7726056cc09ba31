/** What the admin API lists, and how it is asked for it. */
import { call } from '../api.ts';
import type { Page } from '../kept-rows.ts';

export interface AccountRow {
  readonly id: string;
  readonly apiKeys: readonly { readonly apiKey: string; readonly type: string }[];
  readonly scopes?: readonly string[];
}

export interface KeyRow {
  readonly id: string;
  readonly account: string;
  readonly scope: string;
  readonly expiresAt: string;
  readonly subscriptions: number;
}

export interface GrantRow {
  readonly id?: string;
  readonly stream: string;
  readonly grant: 'listenKey' | 'logon' | 'signature' | 'token';
  readonly expiresAt?: string;
}

export interface SessionRow {
  readonly id: string;
  readonly kind: 'stream' | 'wsApi';
  readonly row: string;
  readonly ip: string;
  readonly account: string | null;
  readonly openedAt: string;
  readonly grants: readonly GrantRow[];
}

const PAGE_ROWS = 100;

/** With what stands behind `after`, where a page before this one ended. */
function query(parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries({ limit: String(PAGE_ROWS), ...parameters }).filter(([, value]) => value !== '');
  return new URLSearchParams(given).toString();
}

export async function loadAccounts(after: string): Promise<Page<AccountRow>> {
  const { accounts, next } = await call<{ accounts: AccountRow[]; next?: string }>(
    'GET',
    `/accounts?${query({ after })}`,
  );
  return { rows: accounts, next };
}

export async function loadKeys(account: string, after: string): Promise<Page<KeyRow>> {
  const { keys, next } = await call<{ keys: KeyRow[]; next?: string }>('GET', `/keys?${query({ account, after })}`);
  return { rows: keys, next };
}

export async function loadSessions(after: string): Promise<Page<SessionRow>> {
  const { sessions, next } = await call<{ sessions: SessionRow[]; next?: string }>(
    'GET',
    `/sessions?${query({ after })}`,
  );
  return { rows: sessions, next };
}
