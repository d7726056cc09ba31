import { useEffect, useMemo, useState } from 'preact/hooks';
import { token } from '../api.ts';
import { EventDetail } from '../events/event-detail.tsx';
import { EventList } from '../events/event-list.tsx';
import type { JournalEvent } from '../events/journal-event.ts';
import { EVENTS_KEPT, type TailFilter, TailReader } from '../events/tail-reader.ts';
import { TextField } from '../parts/fields.tsx';
import { keepParams, route } from '../route.ts';
import { accountIds, EVENT_TYPES, refreshAccountIds, SCOPES } from './suggestions.ts';

/** So that each letter that is typed does not open a tail of its own. */
const TYPING_MS = 300;

export function Tail() {
  const { params } = route.value;
  const filter = {
    account: params.get('account') ?? '',
    scope: params.get('scope') ?? '',
    type: params.get('type') ?? '',
    text: params.get('text') ?? '',
  };
  const reader = useReader(filter);
  const [selected, setSelected] = useState<JournalEvent>();
  const [paused, setPaused] = useState<{ events: readonly JournalEvent[]; count: number }>();
  useEffect(() => setPaused(undefined), [reader]);
  useEffect(refreshAccountIds, [token.value]);

  const events = paused?.events ?? reader.events.value;
  const behind = paused === undefined ? 0 : reader.count.value - paused.count;
  const toggle = () =>
    setPaused(paused === undefined ? { events: reader.events.value, count: reader.count.value } : undefined);
  const set = (change: Partial<TailFilter>) => keepParams('tail', { ...filter, ...change });

  return (
    <div class="view grid-events">
      <section class="panel" aria-label="Live tail">
        <div class="filters">
          <TextField
            label="Account"
            value={filter.account}
            placeholder="all"
            suggestions={accountIds.value}
            onValue={(account) => set({ account })}
          />
          <TextField
            label="Scope"
            value={filter.scope}
            placeholder="all"
            suggestions={SCOPES}
            onValue={(scope) => set({ scope })}
          />
          <TextField
            label="Event type"
            value={filter.type}
            placeholder="all"
            suggestions={EVENT_TYPES}
            onValue={(type) => set({ type })}
          />
          <TextField
            label="Contains"
            type="search"
            value={filter.text}
            placeholder="any text"
            onValue={(text) => set({ text })}
          />
        </div>
        <div class="bar tail-bar">
          <button type="button" class="primary steady" aria-pressed={paused !== undefined} onClick={toggle}>
            {paused === undefined ? 'Pause' : 'Resume'}
          </button>
          <button
            type="button"
            onClick={() => {
              reader.clear();
              setPaused(undefined);
              setSelected(undefined);
            }}
          >
            Clear
          </button>
          <State reader={reader} paused={paused !== undefined} behind={behind} />
        </div>
        <EventList
          id="tail"
          label="Events, newest first"
          events={events}
          selected={selected}
          onSelect={setSelected}
          onSpace={toggle}
        >
          No event yet. What is published, triggered or filled shows here the moment it is durable.
        </EventList>
      </section>
      <EventDetail event={selected} hint="Choose an event to see what each of its fields means." />
    </div>
  );
}

interface StateProps {
  readonly reader: TailReader;
  readonly paused: boolean;
  readonly behind: number;
}

function State({ reader, paused, behind }: StateProps) {
  const state = reader.state.value;
  const count = reader.count.value;
  const kept = count > EVENTS_KEPT ? `, the latest ${EVENTS_KEPT} kept` : '';
  return (
    <p class="tail-state" role="status">
      <span class={`state state-${state !== 'live' ? 'bad' : paused ? 'warn' : 'good'}`}>
        {state === 'live' && paused ? 'paused' : state}
      </span>
      <span class="dim cut">
        {state === 'broken'
          ? `${reader.fault.value}; trying again. What came meanwhile is under Replay.`
          : paused
            ? `${behind} new since`
            : `${count} events${kept}`}
      </span>
    </p>
  );
}

/** A reader for the filter, once it has stood for a moment. */
function useReader(filter: TailFilter): TailReader {
  const key = JSON.stringify(filter);
  const [settled, setSettled] = useState(key);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(key), TYPING_MS);
    return () => clearTimeout(timer);
  }, [key]);
  const reader = useMemo(() => new TailReader(JSON.parse(settled) as TailFilter), [settled, token.value]);
  useEffect(() => () => reader.stop(), [reader]);
  return reader;
}
