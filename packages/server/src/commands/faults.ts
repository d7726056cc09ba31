import { type Command, Option } from 'commander';
import { namesOf, parameterOf } from '../faults/fault-schema.ts';
import { FAULTS } from '../faults/index.ts';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { CommandError } from './command-error.ts';
import { print, table, tell, wantsJson } from './output.ts';

const EXAMPLES = `
A fault stands between the clients and the emulator until it is removed, or until its --for or --times is over. Several may
be set; they act in the order in which they were set.

Examples:
  listenpost faults add zombie --account demo          open, answering pings, and silent
  listenpost faults add cut --after 2                  the third frame never arrives
  listenpost faults add http --status 429 --retry-after 30s --for 1m
  listenpost faults add duplicate --probability 0.1 --seed 7
  listenpost faults add --help                         what there is
  listenpost faults add http --help                    what one takes
  listenpost faults list
  listenpost faults remove f1
  listenpost faults remove --all
`;

type FaultOptions = AdminOptions & { readonly json?: boolean };

interface FaultRow {
  readonly id: string;
  readonly fault: string;
  readonly acted: number;
  readonly spent: boolean;
  readonly until?: string;
  readonly [parameter: string]: unknown;
}

export function addFaultsCommand(program: Command): void {
  const faults = program
    .command('faults')
    .description('have connections and requests of the emulator fail, and list or end that')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  addAdminOptions(faults.command('list', { isDefault: true }).description('the faults that are set'))
    .option('--json', 'JSON even on a terminal')
    .action((options: FaultOptions) => listFaults(options));
  addAddCommand(faults);
  addAdminOptions(faults.command('remove').description('end one, or all; what it held back goes on its way'))
    .argument('[id]', 'the id that the list shows')
    .option('--all', 'every one that is set')
    .action((id: string | undefined, options: AdminOptions & { readonly all?: boolean }) => removeFault(id, options));
}

/** The options that say how to ask; all others go to the server as they are. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(['admin', 'token', 'json']);

/** Each fault is a command of its own, so that its help tells what it takes and nothing else. */
function addAddCommand(faults: Command): void {
  const add = faults.command('add').description('set a fault').helpCommand(false);
  for (const row of FAULTS) {
    const command = addAdminOptions(add.command(row.name).description(row.does));
    for (const name of namesOf(row)) {
      const { form, meaning, mandatory } = parameterOf(row, name);
      const option = new Option(`--${kebab(name)} ${form.startsWith('<') ? form : `<${form}>`}`, meaning);
      command.addOption(option.makeOptionMandatory(mandatory));
    }
    command
      .option('--json', 'JSON even on a terminal')
      .addHelpText('after', `\nAn occasion of this fault: ${row.occasion}.`)
      .action((options: FaultOptions) => addFault(row.name, options));
  }
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

async function addFault(fault: string, options: FaultOptions): Promise<void> {
  const given = Object.entries(options).filter(([name]) => !OWN_OPTIONS.has(name));
  const body = JSON.stringify({ fault, ...Object.fromEntries(given) });
  const row = (await callAdmin(options, { method: 'POST', path: '/faults', body })) as FaultRow;
  if (wantsJson(options)) return print(JSON.stringify(row));
  tell(`${row.id}: ${row.fault}${detailsOf(row)}`);
}

async function listFaults(options: FaultOptions): Promise<void> {
  const { faults } = (await callAdmin(options, { method: 'GET', path: '/faults' })) as { readonly faults: FaultRow[] };
  if (wantsJson(options)) {
    for (const row of faults) await print(JSON.stringify(row));
    return;
  }
  if (faults.length === 0) return tell('no fault is set');
  const rows = faults.map((row) => [
    row.id,
    row.fault,
    detailsOf(row).trim(),
    `${row.acted}${row.spent ? ' (spent)' : ''}`,
  ]);
  return print(table(['ID', 'FAULT', 'WITH', 'ACTED'], rows));
}

const TOLD_APART: ReadonlySet<string> = new Set(['id', 'fault', 'acted', 'spent']);

/** Its parameters, as they were given. */
function detailsOf(row: FaultRow): string {
  return Object.entries(row)
    .filter(([name]) => !TOLD_APART.has(name))
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .join('');
}

async function removeFault(id: string | undefined, options: AdminOptions & { readonly all?: boolean }): Promise<void> {
  if ((id === undefined) === (options.all !== true)) throw new CommandError('which one? give its id, or --all', 2);
  const path = id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`;
  const { removed } = (await callAdmin(options, { method: 'DELETE', path })) as { readonly removed: number };
  tell(id === undefined ? `${removed} removed` : `${id} removed`);
}
