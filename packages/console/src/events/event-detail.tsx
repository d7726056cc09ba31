import type { EventField } from '@listenpost/protocol';
import { printExact } from '@listenpost/protocol';
import { useState } from 'preact/hooks';
import { instant, plural } from '../format.ts';
import { copy } from '../parts/notices.tsx';
import { redacted } from '../redaction.ts';
import { hrefOf } from '../route.ts';
import { isEmulator } from '../server.ts';
import { familyOf } from './family.ts';
import { type JournalEvent, rowOf } from './journal-event.ts';

/** Items of one array that are shown; further ones are in the JSON. */
const ITEMS_MAX = 200;

export interface EventDetailProps {
  readonly event: JournalEvent | undefined;
  /** What to do to see one. */
  readonly hint: string;
}

/** One event with the meaning of each of its fields, as the tables of the protocol have it. */
export function EventDetail({ event, hint }: EventDetailProps) {
  return (
    <section class="panel detail" aria-label="Event">
      {event === undefined ? <div class="empty">{hint}</div> : <Detail key={event.key} event={event} />}
    </section>
  );
}

function Detail({ event }: { readonly event: JournalEvent }) {
  const [form, setForm] = useState<'fields' | 'json'>('fields');
  const [revealed, setRevealed] = useState(false);
  const row = rowOf(event);
  const { value, count } = redacted(event.payload, revealed);
  return (
    <>
      <header class="detail-head">
        <h2 class={`type type-${familyOf(event.type)}`}>{event.type}</h2>
        <p class="dim">{row?.meaning ?? 'not in the tables of this product'}</p>
      </header>
      <dl class="facts">
        <dt>stream</dt>
        <dd>{`${event.account}/${event.scope}`}</dd>
        <dt>position</dt>
        <dd class="mono">{event.position}</dd>
        <dt>durable</dt>
        <dd class="mono">{event.at === undefined ? '–' : instant(event.at)}</dd>
        <dt>source</dt>
        <dd>{row?.source ?? '–'}</dd>
      </dl>
      <div class="bar">
        <fieldset class="switch">
          <legend class="unseen">Form</legend>
          <button type="button" aria-pressed={form === 'fields'} onClick={() => setForm('fields')}>
            Fields
          </button>
          <button type="button" aria-pressed={form === 'json'} onClick={() => setForm('json')}>
            JSON
          </button>
        </fieldset>
        <button type="button" onClick={() => copy(printed(value), 'The event')}>
          Copy
        </button>
        <a class="button" href={hrefOf('replay', { account: event.account, scope: event.scope, from: event.position })}>
          Read on from here
        </a>
        {count > 0 && isEmulator.value && (
          <button type="button" aria-pressed={revealed} onClick={() => setRevealed(!revealed)}>
            {revealed ? 'Hide secrets' : 'Reveal secrets'}
          </button>
        )}
      </div>
      <section class="scroll" tabIndex={0} aria-label="Payload">
        {form === 'json' ? (
          <pre class="json">{printed(value)}</pre>
        ) : (
          <table class="fields">
            <caption class="unseen">Fields of {event.type}</caption>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Value</th>
                <th scope="col">Meaning</th>
              </tr>
            </thead>
            <tbody>
              <Members value={value} fields={row?.fields ?? []} depth={0} />
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}

interface MembersProps {
  readonly value: unknown;
  readonly fields: readonly EventField[];
  readonly depth: number;
}

function Members({ value, fields, depth }: MembersProps) {
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value).slice(0, ITEMS_MAX);
  return (
    <>
      {entries.map(([name, member]) => {
        const field = Array.isArray(value) ? undefined : fields.find((each) => each.name === name);
        const inner = Array.isArray(value) ? fields : (field?.fields ?? []);
        return (
          <>
            <tr>
              <th scope="row" class="mono" style={{ paddingLeft: `${14 + depth * 12}px` }}>
                {Array.isArray(value) ? `[${name}]` : name}
              </th>
              <td class="mono wrap">
                <Value value={member} field={field} />
              </td>
              <td class="dim">{Array.isArray(value) ? '' : (field?.meaning ?? 'unknown to the tables')}</td>
            </tr>
            <Members value={member} fields={inner} depth={depth + 1} />
          </>
        );
      })}
    </>
  );
}

function Value({ value, field }: { readonly value: unknown; readonly field: EventField | undefined }) {
  if (typeof value === 'object' && value !== null) {
    return <span class="dim">{Array.isArray(value) ? plural(value.length, 'item') : ''}</span>;
  }
  const time = field?.time === true && Number(value) > 0 ? Number(value) : undefined;
  return (
    <>
      {String(value)}
      {time !== undefined && <span class="when">{instant(time)}</span>}
    </>
  );
}

/** With every digit of every number. */
function printed(value: unknown): string {
  return indented(printExact(value));
}

/** JSON text without blanks, over several lines. What stands in strings is not looked at. */
function indented(json: string): string {
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]/g, (token) => {
    if (token.startsWith('"') || token.length > 1) return token;
    if (token === ':') return ': ';
    if (token === ',') return `,${line()}`;
    if (token === '{' || token === '[') {
      depth++;
      return token + line();
    }
    depth--;
    return line() + token;
  });
}
