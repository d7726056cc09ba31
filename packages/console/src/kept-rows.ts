import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, token } from './api.ts';
import { poll } from './polling.ts';

const ROWS_EVERY_MS = 2000;

/** Rows that ended and are still shown; the earliest go first. */
const ENDED_MAX = 200;

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins, when there is one. */
  readonly next?: string | undefined;
}

export interface Kept<Row> {
  readonly row: Row;
  /** It is not there any more. */
  readonly ended: boolean;
}

export interface KeptRows<Row> {
  readonly rows: readonly Kept<Row>[];
  readonly loaded: boolean;
  readonly next: string | undefined;
  /** Why the rows could not be had. */
  readonly fault: string | undefined;
  readonly refresh: () => Promise<void>;
  readonly clearEnded: () => void;
}

/**
 * A listing that is asked for again and again. What has ended stays in its place, marked, until the reader clears it: rows that
 * vanish would move the next one's button under the pointer, and what ended is what one looks for. `key`: what is listed; another
 * one begins anew.
 */
export function useKeptRows<Row extends { readonly id: string }>(
  key: string,
  load: () => Promise<Page<Row>>,
): KeptRows<Row> {
  const [rows, setRows] = useState<readonly Kept<Row>[]>([]);
  const [{ loaded, next, fault }, setState] = useState<{ loaded: boolean; next?: string | undefined; fault?: string }>({
    loaded: false,
  });
  const asked = useRef(load);
  asked.current = load;

  const refreshFor = async (isCurrent: () => boolean) => {
    try {
      const page = await asked.current();
      if (!isCurrent()) return;
      setRows((before) => merged(before, page.rows));
      setState({ loaded: true, next: page.next });
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause;
      if (isCurrent()) setState((before) => ({ ...before, fault: cause.message }));
    }
  };

  useEffect(() => {
    let current = true;
    setRows([]);
    setState({ loaded: false });
    const stop = poll(() => refreshFor(() => current), ROWS_EVERY_MS);
    return () => {
      current = false;
      stop();
    };
  }, [key, token.value]);

  return {
    rows,
    loaded,
    next,
    fault,
    refresh: () => refreshFor(() => true),
    clearEnded: () => setRows((before) => before.filter(({ ended }) => !ended)),
  };
}

function merged<Row extends { readonly id: string }>(
  before: readonly Kept<Row>[],
  now: readonly Row[],
): readonly Kept<Row>[] {
  const fresh = new Map(now.map((row) => [row.id, row]));
  const kept = before.map(({ row }) => {
    const current = fresh.get(row.id);
    fresh.delete(row.id);
    return current === undefined ? { row, ended: true } : { row: current, ended: false };
  });
  const surplus = kept.filter(({ ended }) => ended).length - ENDED_MAX;
  let dropped = 0;
  const bounded = surplus <= 0 ? kept : kept.filter(({ ended }) => !ended || ++dropped > surplus);
  return [...bounded, ...[...fresh.values()].map((row) => ({ row, ended: false }))];
}
