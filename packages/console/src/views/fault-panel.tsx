import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, segment } from '../api.ts';
import { SelectField, TextField } from '../parts/fields.tsx';
import { attempt, say } from '../parts/notices.tsx';
import { poll } from '../polling.ts';

interface KnownFault {
  readonly fault: string;
  readonly does: string;
  readonly occasion: string;
  readonly takes: readonly { readonly name: string; readonly form: string; readonly meaning: string }[];
}

interface SetFault {
  readonly id: string;
  readonly fault: string;
  readonly acted: number;
  readonly spent: boolean;
  readonly [parameter: string]: unknown;
}

interface Faults {
  readonly faults: readonly SetFault[];
  readonly known: readonly KnownFault[];
}

const FAULTS_EVERY_MS = 2000;

/** Told by the row itself, not as parameters of the fault. */
const TOLD = new Set(['id', 'fault', 'acted', 'spent']);

/** Faults that are set, and a form for a further one. Not there while the server has no faults. */
export function FaultPanel() {
  const [state, setState] = useState<Faults>();
  const refresh = async () => {
    try {
      setState(await call<Faults>('GET', '/faults'));
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause;
      setState(undefined);
    }
  };
  useEffect(() => poll(refresh, FAULTS_EVERY_MS), []);
  if (state === undefined) return null;
  return (
    <section class="panel pad faults" aria-label="Faults">
      <header class="panel-head flush">
        <h2>
          Faults <span class="count">{state.faults.length}</span>
        </h2>
        <button
          type="button"
          disabled={state.faults.length === 0}
          onClick={() =>
            attempt(async () => {
              await call('DELETE', '/faults');
              await refresh();
            })
          }
        >
          Remove all
        </button>
      </header>
      {state.known.length > 0 && <FaultForm known={state.known} onSet={refresh} />}
      <ul class="fault-list">
        {state.faults.map((fault) => (
          <li key={fault.id} class={fault.spent ? 'ended' : undefined}>
            <b class="mono">{fault.fault}</b>
            <span class="dim cut" title={settingsOf(fault)}>
              {settingsOf(fault)}
            </span>
            <span class="mono">{fault.acted}×</span>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove ${fault.fault} ${fault.id}`}
              onClick={() =>
                attempt(async () => {
                  await call('DELETE', `/faults/${segment(fault.id)}`);
                  await refresh();
                })
              }
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const settingsOf = (fault: SetFault): string =>
  Object.entries(fault)
    .filter(([name, value]) => !TOLD.has(name) && value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ') || 'everybody';

interface FaultFormProps {
  readonly known: readonly KnownFault[];
  readonly onSet: () => Promise<void>;
}

function FaultForm({ known, onSet }: FaultFormProps) {
  const [name, setName] = useState(known[0]?.fault ?? '');
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const row = known.find(({ fault }) => fault === name);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        attempt(async () => {
          const filled = Object.entries(given).filter(([, value]) => value.trim() !== '');
          await call('POST', '/faults', { body: { fault: name, ...Object.fromEntries(filled) } });
          say(`The fault ${name} is set.`);
          await onSet();
        });
      }}
    >
      <SelectField
        label="Fault"
        value={name}
        choices={known.map(({ fault }) => ({ value: fault, title: fault }))}
        hint={row === undefined ? '' : `${row.does}. Counted: each ${row.occasion}.`}
        onValue={(chosen) => {
          setName(chosen);
          setGiven({});
        }}
      />
      <div class="parameters slim">
        {row?.takes.map((taken) => (
          <Taken
            key={taken.name}
            taken={taken}
            value={given[taken.name] ?? ''}
            onValue={(value) => setGiven((before) => ({ ...before, [taken.name]: value }))}
          />
        ))}
      </div>
      <button type="submit" class="primary">
        Set the fault
      </button>
    </form>
  );
}

interface TakenProps {
  readonly taken: KnownFault['takes'][number];
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** A form such as `all|events` is a choice. */
const CHOICES = /^[\w-]+(\|[\w-]+)+$/;

function Taken({ taken: { name, form, meaning }, value, onValue }: TakenProps) {
  if (!CHOICES.test(form)) {
    return <TextField label={name} value={value} placeholder={form} hint={meaning} onValue={onValue} />;
  }
  const choices = ['', ...form.split('|')].map((each) => ({ value: each, title: each === '' ? '–' : each }));
  return <SelectField label={name} value={value} choices={choices} hint={meaning} onValue={onValue} />;
}
