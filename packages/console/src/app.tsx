import { useEffect } from 'preact/hooks';
import { forgetToken, token } from './api.ts';
import { instant, offset } from './format.ts';
import { ConfirmDialog, TokenDialog } from './parts/dialogs.tsx';
import { Icon, type IconName } from './parts/icons.tsx';
import { Notices } from './parts/notices.tsx';
import { hrefOf, route, type View } from './route.ts';
import { aheadMs, fault, isEmulator, serverNow, status } from './server.ts';
import { chooseTheme, THEMES, theme } from './theme.ts';
import { Emulator } from './views/emulator.tsx';
import { Grants } from './views/grants.tsx';
import { Rates } from './views/rates.tsx';
import { Replay } from './views/replay.tsx';
import { Sessions } from './views/sessions.tsx';
import { Tail } from './views/tail.tsx';

interface ViewRow {
  readonly title: string;
  readonly icon: IconName;
  readonly tells: string;
  readonly show: () => preact.JSX.Element;
}

const ROWS: Readonly<Record<View, ViewRow>> = {
  grants: {
    title: 'Accounts and grants',
    icon: 'key',
    tells: 'Who may listen to which stream, and until when.',
    show: () => <Grants />,
  },
  sessions: {
    title: 'Sessions',
    icon: 'plug',
    tells: 'Open connections of clients, and what each reads.',
    show: () => <Sessions />,
  },
  tail: {
    title: 'Live tail',
    icon: 'pulse',
    tells: 'Every event as it becomes durable.',
    show: () => <Tail />,
  },
  rates: {
    title: 'Rates and lag',
    icon: 'chart',
    tells: 'What the server does each second, and how long it takes.',
    show: () => <Rates />,
  },
  replay: {
    title: 'Replay',
    icon: 'rewind',
    tells: 'What a stream’s journal holds, from a position on.',
    show: () => <Replay />,
  },
  emulator: {
    title: 'Emulator',
    icon: 'flask',
    tells: 'Scenarios, time and faults, by command.',
    show: () => <Emulator />,
  },
};

export function App() {
  const { view } = route.value;
  const { title, tells, show } = ROWS[view];
  useEffect(() => {
    document.title = `${title} · Listenpost`;
  }, [title]);
  return (
    <div class="app">
      <button type="button" class="skip" onClick={() => document.getElementById('view')?.focus()}>
        Skip to the view
      </button>
      <Side />
      <Top />
      <main id="view" tabIndex={-1} aria-labelledby="title">
        <header class="view-head">
          <h1 id="title">{title}</h1>
          <p class="dim">{tells}</p>
        </header>
        {status.value === null ? <Waiting /> : show()}
      </main>
      <Notices>
        <Trouble />
      </Notices>
      <ConfirmDialog />
      <TokenDialog />
    </div>
  );
}

/** What is wrong for as long as it is. */
function Trouble() {
  const told = [...(fault.value === null ? [] : [fault.value.message]), ...(status.value?.faults ?? [])];
  return (
    <>
      {told.map((text) => (
        <div key={text} class="notice notice-failed" role="alert">
          {text}
        </div>
      ))}
    </>
  );
}

function Waiting() {
  return <div class="panel empty">Asking the server how it is …</div>;
}

function Side() {
  const { view: current } = route.value;
  const views = Object.entries(ROWS).filter(([view]) => view !== 'emulator' || isEmulator.value);
  return (
    <aside class="side">
      <div class="brand">
        <Icon name="post" />
        <span>Listenpost</span>
      </div>
      <nav aria-label="Views">
        {views.map(([view, { title, icon }]) => (
          <a key={view} href={hrefOf(view as View)} aria-current={view === current ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{title}</span>
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <fieldset class="switch">
          <legend class="unseen">Theme</legend>
          {THEMES.map((each) => (
            <button key={each} type="button" aria-pressed={theme.value === each} onClick={() => chooseTheme(each)}>
              {each}
            </button>
          ))}
        </fieldset>
        {token.value !== null && (
          <button type="button" onClick={forgetToken}>
            Forget the token
          </button>
        )}
      </div>
    </aside>
  );
}

function Top() {
  const known = status.value;
  return (
    <header class="top">
      <div class="clock">
        <span class="clock-label">Server time</span>
        <time class="mono clock-time">{known === null ? '' : instant(serverNow.value).slice(0, 19)}</time>
        <span class="dim">UTC</span>
        <span
          class={`ahead ${Math.abs(aheadMs.value) < AHEAD_SHOWN_MS ? 'gone' : ''}`}
          title="ahead of this machine’s clock"
        >
          {offset(aheadMs.value)}
        </span>
        {known?.clock.frozen === true && <span class="chip chip-warn">frozen</span>}
      </div>
      <div class="top-end">
        {known !== null && known.rules.asOf !== 'latest' && <span class="chip">rules as of {known.rules.asOf}</span>}
        <Link />
        <span class="chip mode">{known === null ? '–' : known.mode === 'dev' ? 'emulator' : 'service'}</span>
      </div>
    </header>
  );
}

/** Two machines' clocks differ by a little even where nobody moved one. */
const AHEAD_SHOWN_MS = 2000;

/** In one word; `Trouble` says the rest. */
function Link() {
  if (fault.value !== null)
    return <span class="state state-bad">{fault.value.status === 0 ? 'no answer' : 'refused'}</span>;
  if (status.value === null) return <span class="state dim">asking …</span>;
  const ready = status.value.faults.length === 0;
  return <span class={`state ${ready ? 'state-good' : 'state-bad'}`}>{ready ? 'ready' : 'fault'}</span>;
}
