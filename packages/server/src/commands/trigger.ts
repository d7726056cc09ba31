import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import { type Command, Option } from 'commander';
import { type ParameterInfo, parameterInfo } from '../emulator/parameters.ts';
import { SCENARIOS, type Scenario } from '../emulator/scenarios.ts';
import { readScenario } from '../emulator/user-scenario.ts';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { print, table, tell, wantsJson } from './output.ts';

const EXAMPLES = `
Examples:
  listenpost trigger --list --product spot
  listenpost trigger order.filled
  listenpost trigger order.filled --product coinm --symbol BTCUSD_PERP --qty 3 --side SELL
  listenpost trigger transfer --account demo2 --amount -100
  listenpost trigger expiry-during-a-fill.json
`;

interface TriggerOptions extends AdminOptions {
  readonly account?: string;
  readonly scope?: string;
  readonly product?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** The options that say how to ask; all others go to the server as they are. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(['admin', 'token', 'list', 'json']);

export function addTriggerCommand(program: Command): void {
  const command = addAdminOptions(
    program.command('trigger').description('have the emulator play a scenario on a stream'),
  )
    .argument('[scenario]', 'what happens, by name (--list names all) or as a file of steps: .json, .ts, .mjs or .js')
    .option('--account <id>', 'to whom (default: the first account)')
    .option('--product <product>', 'on which product (default: the first that has the scenario)')
    .addOption(
      new Option(
        '--scope <scope>',
        'on which stream, where the product has several, such as isolated:BTCUSDT',
      ).conflicts('product'),
    )
    .option('--list', 'name the scenarios of every product, or of --product, and what each takes')
    .option('--json', 'JSON even on a terminal');
  for (const { name, meaning, absent } of parameters())
    command.option(`--${name} <value>`, `${meaning} (default: ${absent})`);
  command
    .addHelpText('after', EXAMPLES)
    .action((scenario: string | undefined, options: TriggerOptions) => trigger(scenario, options));
}

/** Every parameter of any scenario, once. */
function parameters(): readonly ParameterInfo[] {
  const plays = SCENARIOS.flatMap(({ plays }) => Object.values(plays));
  const ids = new Set(plays.flatMap(({ parameters }) => parameters));
  return [...new Map([...ids].map(parameterInfo).map((info) => [info.name, info])).values()];
}

async function trigger(scenario: string | undefined, options: TriggerOptions): Promise<void> {
  if (options.list === true) return listScenarios(options);
  if (scenario === undefined) throw new CommandError('which scenario? listenpost trigger --list names all', 2);
  if (isFile(scenario)) return playFile(scenario, options);
  const given = Object.entries(options).filter(([name]) => !OWN_OPTIONS.has(name));
  const body = JSON.stringify(Object.fromEntries(given));
  const path = `/trigger/${encodeURIComponent(scenario)}`;
  const answer = (await callAdmin(options, { method: 'POST', path, body })) as { readonly events: number };
  if (wantsJson(options)) return print(JSON.stringify(answer));
  tell(`${scenario}: ${answer.events} ${answer.events === 1 ? 'event' : 'events'} emitted`);
}

const isFile = (text: string): boolean => /\.(json|ts|mts|mjs|js)$/.test(text);

/** Options name the account and the stream where the file does not. */
async function playFile(path: string, options: TriggerOptions): Promise<void> {
  const { account, product, scope = product, ...others } = options;
  const misplaced = Object.keys(others).find((name) => !OWN_OPTIONS.has(name));
  if (misplaced !== undefined) {
    throw new CommandError(`--${misplaced} belongs to one scenario; write it into the steps of ${path}`, 2);
  }
  const document = await readScenario(path).catch((cause: unknown) => {
    throw new CommandError(sentenceOf(cause), 2, { cause });
  });
  const body = JSON.stringify({ ...(account && { account }), ...(scope && { scope }), ...document });
  const answer = (await callAdmin(options, { method: 'POST', path: '/trigger', body, patient: true })) as Played;
  if (wantsJson(options)) return print(JSON.stringify(answer));
  for (const [index, step] of answer.steps.entries()) tell(`${index}  ${told(step)}`);
  tell(`${path}: ${answer.events} ${answer.events === 1 ? 'event' : 'events'} emitted`);
}

interface Played {
  readonly steps: readonly {
    readonly kind: string;
    readonly scenario?: string;
    readonly events?: number;
    readonly now?: number;
    readonly id?: string;
  }[];
  readonly events: number;
}

const told = ({ kind, scenario, events, now, id }: Played['steps'][number]): string =>
  now === undefined ? `${scenario ?? kind}  ${id ?? events}` : `${kind}  ${new Date(now).toISOString()}`;

/** Product by product; those of one where the options name it. */
function listScenarios(options: TriggerOptions): Promise<void> {
  const rows = Object.keys(PRODUCTS)
    .filter((product) => options.product === undefined || options.product === product)
    .flatMap((product) => SCENARIOS.flatMap((scenario) => listedRow(scenario, product as ProductId)));
  if (rows.length === 0) {
    throw new CommandError(`--product: expected one of ${Object.keys(PRODUCTS).join(', ')}`, 2);
  }
  if (wantsJson(options)) return print(JSON.stringify(rows));
  const headings = ['product', 'scenario', 'what happens', 'takes'];
  return print(
    table(
      headings,
      rows.map((row) => [row.product, row.scenario, row.title, row.parameters.join(' ')]),
    ),
  );
}

function listedRow({ name, title, plays }: Scenario, product: ProductId) {
  const play = plays[product];
  if (play === undefined) return [];
  const parameters = play.parameters.map((id) => parameterInfo(id).name);
  return [{ scenario: name, product, title, parameters, events: play.events }];
}
