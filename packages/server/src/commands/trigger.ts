import { type Command, Option } from 'commander';
import { type ParameterInfo, parameterInfo } from '../emulator/parameters.ts';
import { SCENARIOS } from '../emulator/scenarios.ts';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { CommandError } from './command-error.ts';
import { print, table, tell, wantsJson } from './output.ts';

const EXAMPLES = `
Examples:
  listenpost trigger --list
  listenpost trigger order.filled
  listenpost trigger order.filled --product coinm --symbol BTCUSD_PERP --qty 3 --side SELL
  listenpost trigger transfer --account demo2 --amount -100
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
    .argument('[scenario]', 'what happens; --list names all')
    .option('--account <id>', 'to whom (default: the first account)')
    .option('--product <product>', 'on which product (default: the first that has the scenario)')
    .addOption(
      new Option(
        '--scope <scope>',
        'on which stream, where the product has several, such as isolated:BTCUSDT',
      ).conflicts('product'),
    )
    .option('--list', 'name the scenarios, and what each takes')
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
  const given = Object.entries(options).filter(([name]) => !OWN_OPTIONS.has(name));
  const body = JSON.stringify(Object.fromEntries(given));
  const path = `/trigger/${encodeURIComponent(scenario)}`;
  const answer = (await callAdmin(options, { method: 'POST', path, body })) as { readonly events: number };
  if (wantsJson(options)) return print(JSON.stringify(answer));
  tell(`${scenario}: ${answer.events} ${answer.events === 1 ? 'event' : 'events'} emitted`);
}

function listScenarios(options: TriggerOptions): Promise<void> {
  const rows = SCENARIOS.flatMap(({ name, title, plays }) =>
    Object.entries(plays).map(([product, play]) => ({
      scenario: name,
      product,
      title,
      parameters: play.parameters.map((id) => parameterInfo(id).name),
      events: play.events,
    })),
  );
  if (wantsJson(options)) return print(JSON.stringify(rows));
  const headings = ['scenario', 'product', 'what happens', 'takes'];
  return print(
    table(
      headings,
      rows.map((row) => [row.scenario, row.product, row.title, row.parameters.join(' ')]),
    ),
  );
}
