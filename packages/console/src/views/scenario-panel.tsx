import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import { useEffect, useState } from 'preact/hooks';
import { call, segment } from '../api.ts';
import { clockTime } from '../format.ts';
import { SelectField, TextField } from '../parts/fields.tsx';
import { attempt } from '../parts/notices.tsx';
import { hrefOf, keepParams, route } from '../route.ts';
import { serverNow } from '../server.ts';
import { accountIds, refreshAccountIds } from './suggestions.ts';

interface Parameter {
  readonly name: string;
  readonly meaning: string;
  readonly absent: string;
}

interface Play {
  readonly product: ProductId;
  readonly parameters: readonly Parameter[];
  readonly events: readonly string[];
}

interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly products: readonly Play[];
}

interface Run {
  readonly at: number;
  readonly scenario: string;
  readonly account: string;
  readonly scope: string;
  readonly events: number;
}

const RUNS_MAX = 20;

export function ScenarioPanel() {
  const [scenarios, setScenarios] = useState<readonly Scenario[]>([]);
  const [search, setSearch] = useState('');
  const [runs, setRuns] = useState<readonly Run[]>([]);
  const chosenName = route.value.params.get('scenario') ?? scenarios[0]?.name ?? '';
  const chosen = scenarios.find(({ name }) => name === chosenName);

  useEffect(() => {
    attempt(async () => setScenarios((await call<{ scenarios: Scenario[] }>('GET', '/trigger')).scenarios));
    refreshAccountIds();
  }, []);

  const wanted = search.toLowerCase();
  const shown = scenarios.filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(wanted));
  return (
    <section class="panel scenarios" aria-label="Scenarios">
      <div class="scenario-list">
        <div class="pad-slim">
          <TextField
            label={`Scenarios (${shown.length})`}
            type="search"
            value={search}
            placeholder="filled, liquidation, transfer …"
            onValue={setSearch}
          />
        </div>
        <ul class="scroll" aria-label="Scenarios">
          {shown.map(({ name, title }) => (
            <li key={name}>
              <button
                type="button"
                class="pick"
                aria-pressed={name === chosenName}
                onClick={() => keepParams('emulator', { scenario: name })}
              >
                <b class="mono">{name}</b>
                <span class="dim">{title}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div class="scenario-main">
        {chosen === undefined ? (
          <p class="empty">Choose a scenario.</p>
        ) : (
          <ScenarioForm
            key={chosen.name}
            scenario={chosen}
            onRun={(run) => setRuns((before) => [run, ...before].slice(0, RUNS_MAX))}
          />
        )}
        <section class="runs" aria-label="Triggered">
          <h3>Triggered</h3>
          <ol>
            {runs.map((run, index) => (
              <li key={runs.length - index}>
                <span class="mono dim">{clockTime(run.at).slice(0, 8)}</span>
                <b class="mono cut">{run.scenario}</b>
                <a href={hrefOf('tail', { account: run.account, scope: run.scope })}>{`${run.account}/${run.scope}`}</a>
                <span class="dim">{run.events} events</span>
              </li>
            ))}
          </ol>
          {runs.length === 0 && <p class="dim">Nothing yet.</p>}
        </section>
      </div>
    </section>
  );
}

/** In letters that every font has. */
const titleOf = (product: ProductId): string => PRODUCTS[product].title.normalize('NFKD');

interface ScenarioFormProps {
  readonly scenario: Scenario;
  readonly onRun: (run: Run) => void;
}

function ScenarioForm({ scenario: { name, title, products }, onRun }: ScenarioFormProps) {
  const [account, setAccount] = useState(accountIds.value[0] ?? '');
  const [productId, setProductId] = useState<string>(products[0]?.product ?? '');
  const [symbol, setSymbol] = useState('BTCUSDT');
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const play = products.find(({ product }) => product === productId) ?? products[0];
  const bySymbol = PRODUCTS[productId as ProductId]?.symbolsOf !== undefined;
  const scope = bySymbol ? `${productId}:${symbol}` : productId;
  const owner = account === '' ? (accountIds.value[0] ?? '') : account;

  const run = () =>
    attempt(async () => {
      setBusy(true);
      try {
        const filled = Object.entries(given).filter(([, value]) => value.trim() !== '');
        const body = { ...Object.fromEntries(filled), ...(owner === '' ? {} : { account: owner }), scope };
        const { events } = await call<{ events: number }>('POST', `/trigger/${segment(name)}`, { body });
        onRun({ at: serverNow.value, scenario: name, account: owner, scope, events });
      } finally {
        setBusy(false);
      }
    });

  return (
    <form
      class="scenario-form"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <header>
        <div class="form-head">
          <h2 class="mono cut">{name}</h2>
          <button type="submit" class="primary" disabled={busy}>
            Trigger
          </button>
        </div>
        <p class="dim">{title}</p>
        <p class="emits dim">
          emits{' '}
          {play?.events.map((event, index) => (
            <span key={index} class="tag">
              {event}
            </span>
          ))}
        </p>
      </header>
      <div class="parameters">
        <SelectField
          label="account"
          value={owner}
          choices={accountIds.value.map((id) => ({ value: id, title: id }))}
          onValue={setAccount}
        />
        <SelectField
          label="product"
          value={productId}
          hint={titleOf(productId as ProductId)}
          choices={products.map(({ product }) => ({ value: product, title: product }))}
          onValue={(chosen) => {
            setProductId(chosen);
            setGiven({});
          }}
        />
        {bySymbol && (
          <TextField
            label="isolated account of"
            value={symbol}
            hint="symbol"
            onValue={(value) => setSymbol(value.trim())}
          />
        )}
        {play?.parameters.map((parameter) => (
          <TextField
            key={parameter.name}
            label={parameter.name}
            value={given[parameter.name] ?? ''}
            placeholder={parameter.absent}
            {...(parameter.meaning === parameter.name ? {} : { hint: parameter.meaning })}
            onValue={(value) => setGiven((before) => ({ ...before, [parameter.name]: value }))}
          />
        ))}
      </div>
    </form>
  );
}
