import { useEffect, useState } from 'preact/hooks';
import { ApiError, callForText, segment } from '../api.ts';
import { EventDetail } from '../events/event-detail.tsx';
import { EventList } from '../events/event-list.tsx';
import { type JournalEvent, journalEvent, parsedJson } from '../events/journal-event.ts';
import { SelectField, TextField } from '../parts/fields.tsx';
import { keepParams, route } from '../route.ts';
import { accountIds, refreshAccountIds, SCOPES } from './suggestions.ts';

const PAGE_SIZES = ['50', '200', '1000'];

interface Slice {
  readonly events: readonly { readonly position: string; readonly event: unknown }[];
  readonly next?: string;
  readonly missed?: { readonly from: string; readonly to: string };
}

interface Request {
  readonly account: string;
  readonly scope: string;
  readonly from: string;
  readonly limit: string;
}

interface Shown {
  readonly events: readonly JournalEvent[];
  readonly next: string | undefined;
  readonly missed: Slice['missed'];
}

export function Replay() {
  const { params } = route.value;
  const asked: Request = {
    account: params.get('account') ?? '',
    scope: params.get('scope') ?? '',
    from: params.get('from') ?? '',
    limit: params.get('limit') ?? '',
  };
  const [form, setForm] = useState(asked);
  const [shown, setShown] = useState<Shown>();
  const [fault, setFault] = useState('');
  const [selected, setSelected] = useState<JournalEvent>();
  /** The positions that the pages before this one began at. */
  const [before, setBefore] = useState<readonly string[]>([]);
  const key = JSON.stringify(asked);

  useEffect(refreshAccountIds, []);
  useEffect(() => {
    const asks = JSON.parse(key) as Request;
    setForm(asks);
    if (asks.account === '' || asks.scope === '') return;
    const gone = new AbortController();
    read(asks, gone.signal).then(
      (answer) => {
        setShown(answer);
        setFault('');
        setSelected(answer.events[0]);
      },
      (cause: unknown) => {
        if (gone.signal.aborted) return;
        if (!(cause instanceof ApiError)) throw cause;
        setShown(undefined);
        setFault(cause.message);
      },
    );
    return () => gone.abort();
  }, [key]);

  const set = (change: Partial<Request>) => setForm((standing) => ({ ...standing, ...change }));
  const go = (request: Request, pages: readonly string[]) => {
    setBefore(pages);
    keepParams('replay', { ...request });
  };
  const { next, missed } = shown ?? { next: undefined, missed: undefined };

  return (
    <div class="view grid-events">
      <section class="panel" aria-label="Journal">
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            go(form, []);
          }}
        >
          <TextField
            label="Account"
            value={form.account}
            placeholder="demo"
            suggestions={accountIds.value}
            onValue={(account) => set({ account })}
          />
          <TextField
            label="Scope"
            value={form.scope}
            placeholder="usdm"
            suggestions={SCOPES}
            onValue={(scope) => set({ scope })}
          />
          <TextField
            label="From position"
            value={form.from}
            placeholder="the oldest"
            onValue={(from) => set({ from: from.trim() })}
          />
          <SelectField
            label="A page has"
            value={form.limit === '' ? (PAGE_SIZES[0] ?? '') : form.limit}
            choices={PAGE_SIZES.map((value) => ({ value, title: `${value} events` }))}
            onValue={(limit) => set({ limit })}
          />
          <button type="submit" class="primary" disabled={form.account === '' || form.scope === ''}>
            Read
          </button>
        </form>
        <div class="bar tail-bar">
          <button
            type="button"
            disabled={before.length === 0}
            onClick={() => go({ ...asked, from: before.at(-1) ?? '' }, before.slice(0, -1))}
          >
            ← Page before
          </button>
          <button
            type="button"
            disabled={next === undefined}
            onClick={() => go({ ...asked, from: next ?? '' }, [...before, asked.from])}
          >
            Next page →
          </button>
          <p class="tail-state" role="status">
            {fault !== '' && <span class="bad">{fault}</span>}
            {missed !== undefined && (
              <span class="bad">
                retention has dropped {missed.from} to {missed.to}
              </span>
            )}
            {fault === '' && missed === undefined && <span class="dim cut">{spanOf(shown)}</span>}
          </p>
        </div>
        <EventList
          id="journal"
          label="Events, oldest first"
          events={shown?.events ?? []}
          selected={selected}
          onSelect={setSelected}
        >
          {shown === undefined ? 'Name an account and a scope.' : 'The journal holds no event there.'}
        </EventList>
      </section>
      <EventDetail event={selected} hint="Choose an event to see what each of its fields means." />
    </div>
  );
}

async function read({ account, scope, from, limit }: Request, signal: AbortSignal): Promise<Shown> {
  const query = new URLSearchParams({ limit: limit === '' ? (PAGE_SIZES[0] ?? '') : limit });
  if (from !== '') query.set('from', from);
  const path = `/streams/${segment(account)}/${segment(scope)}/events?${query}`;
  const { events, next, missed } = parsedJson(await callForText('GET', path, { signal })) as Slice;
  return {
    events: events.map(({ position, event }) => journalEvent({ account, scope, position }, event)),
    next,
    missed,
  };
}

function spanOf(shown: Shown | undefined): string {
  const first = shown?.events[0];
  const last = shown?.events.at(-1);
  if (first === undefined || last === undefined) return '';
  const more = shown?.next === undefined ? 'to its end' : 'and more follow';
  return `${first.position} to ${last.position}, ${more}`;
}
