import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clockTime } from '../format.ts';
import { familyOf } from './family.ts';
import type { JournalEvent } from './journal-event.ts';

/** As in the style sheet. */
const ROW_HEIGHT = 30;
/** Rows drawn beyond what is seen, so that a fast scroll shows no blanks. */
const MARGIN_ROWS = 8;

export interface EventListProps {
  readonly id: string;
  readonly label: string;
  readonly events: readonly JournalEvent[];
  readonly selected: JournalEvent | undefined;
  readonly onSelect: (event: JournalEvent) => void;
  /** What Space does. */
  readonly onSpace?: () => void;
  /** Shown where there is none. */
  readonly children: JSX.Element | string;
}

/**
 * Events in rows, of which only those in sight are drawn. Rows stand at their places and change what they show: nothing moves
 * when events come in, and the reader who has scrolled away keeps what is being read.
 */
export function EventList({ id, label, events, selected, onSelect, onSpace, children }: EventListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - MARGIN_ROWS);
  const last = Math.min(events.length, Math.ceil((top + height) / ROW_HEIGHT) + MARGIN_ROWS);
  const chosen = selected === undefined ? -1 : events.findIndex(({ key }) => key === selected.key);

  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const newest = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const element = list.current;
    const before = events.findIndex(({ key }) => key === newest.current);
    newest.current = events[0]?.key;
    if (element !== null && element.scrollTop > 0 && before > 0) element.scrollTop += before * ROW_HEIGHT;
  }, [events]);

  const choose = (index: number) => {
    const event = events[Math.min(Math.max(index, 0), events.length - 1)];
    if (event === undefined) return;
    onSelect(event);
    const element = list.current;
    if (element === null) return;
    const at = events.indexOf(event) * ROW_HEIGHT;
    if (at < element.scrollTop) element.scrollTop = at;
    if (at + ROW_HEIGHT > element.scrollTop + element.clientHeight) {
      element.scrollTop = at + ROW_HEIGHT - element.clientHeight;
    }
  };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: chosen + 1,
      ArrowUp: chosen - 1,
      PageDown: chosen + page,
      PageUp: chosen - page,
      Home: 0,
      End: events.length - 1,
    };
    const step = steps[event.key];
    if (step === undefined && !(event.key === ' ' && onSpace !== undefined)) return;
    event.preventDefault();
    if (step === undefined) onSpace?.();
    else choose(step);
  };

  return (
    <div class="events">
      <div class="event-row event-head" aria-hidden="true">
        <span>Time</span>
        <span>Stream</span>
        <span>Event</span>
        <span>What it says</span>
      </div>
      {events.length === 0 && <div class="empty">{children}</div>}
      <div
        ref={list}
        id={id}
        class="event-scroll"
        role="listbox"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={chosen < first || chosen >= last ? undefined : `${id}-${chosen}`}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onClick={({ target }) => {
          const row = target instanceof Element ? target.closest('[role=option]') : null;
          if (row !== null) choose(Number(row.getAttribute('aria-posinset')) - 1);
        }}
        onKeyDown={onKeyDown}
      >
        <div class="event-space" style={{ height: `${events.length * ROW_HEIGHT}px` }}>
          {events.slice(first, last).map((event, index) => (
            <EventRow
              key={index}
              id={`${id}-${first + index}`}
              at={first + index}
              count={events.length}
              event={event}
              selected={first + index === chosen}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface EventRowProps {
  readonly id: string;
  readonly at: number;
  readonly count: number;
  readonly event: JournalEvent;
  readonly selected: boolean;
}

function EventRow({ id, at, count, event, selected }: EventRowProps) {
  const time = event.at ?? event.eventTime;
  return (
    <div
      id={id}
      class="event-row"
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      aria-posinset={at + 1}
      aria-setsize={count}
      style={{ transform: `translateY(${at * ROW_HEIGHT}px)` }}
    >
      <span class="mono dim">{time === undefined ? '' : clockTime(time)}</span>
      <span class="cut">{`${event.account}/${event.scope}`}</span>
      <span class={`cut type type-${familyOf(event.type)}`}>{event.type}</span>
      <span class="cut">{event.summary}</span>
    </div>
  );
}
