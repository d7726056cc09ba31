import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { instant, offset } from '../format.ts';
import { TextField } from '../parts/fields.tsx';
import { attempt, say } from '../parts/notices.tsx';
import { aheadMs, refreshStatus, serverNow, status } from '../server.ts';

/** What is waited for most: a listenKey's warning and end, a connection's day. */
const STEPS = [
  { by: '1m', title: '+1 min' },
  { by: '30m', title: '+30 min' },
  { by: '61m', title: '+61 min' },
  { by: '24h', title: '+24 h' },
];

function command(body: object, done: string): void {
  attempt(async () => {
    await call('POST', '/clock', { body });
    await refreshStatus();
    say(done);
  });
}

export function ClockPanel() {
  const [by, setBy] = useState('');
  const [to, setTo] = useState('');
  const frozen = status.value?.clock.frozen === true;
  return (
    <section class="panel pad" aria-label="Clock">
      <header class="panel-head flush">
        <h2>Clock</h2>
        <div class="bar">
          <span class={`state ${frozen ? 'state-warn' : 'state-good'}`}>{frozen ? 'frozen' : 'flowing'}</span>
          <button
            type="button"
            class="steady"
            onClick={() =>
              frozen ? command({ resume: true }, 'Time flows on.') : command({ freeze: true }, 'Time stands still.')
            }
          >
            {frozen ? 'Resume' : 'Freeze'}
          </button>
        </div>
      </header>
      <p class="big mono">{instant(serverNow.value).slice(0, 19)}</p>
      <p class="dim steady-line">
        UTC{Math.abs(aheadMs.value) < 1000 ? ', as this machine’s' : `, ${offset(aheadMs.value)} from this machine’s`}
      </p>
      <div class="steps">
        {STEPS.map((step) => (
          <button
            key={step.by}
            type="button"
            onClick={() => command({ advance: step.by }, `The clock went forward by ${step.by}.`)}
          >
            {step.title}
          </button>
        ))}
      </div>
      <form
        class="row-form"
        onSubmit={(event) => {
          event.preventDefault();
          command({ advance: by.trim() }, `The clock went forward by ${by.trim()}.`);
        }}
      >
        <TextField label="Advance by" value={by} placeholder="1d12h" onValue={setBy} />
        <button type="submit" disabled={by.trim() === ''}>
          Advance
        </button>
      </form>
      <form
        class="row-form"
        onSubmit={(event) => {
          event.preventDefault();
          command({ set: to.trim() }, `The clock stands at ${to.trim()}.`);
        }}
      >
        <TextField label="Set to (UTC; never back)" value={to} placeholder="2027-01-01T00:00:00Z" onValue={setTo} />
        <button type="submit" disabled={to.trim() === ''}>
          Set
        </button>
      </form>
    </section>
  );
}
