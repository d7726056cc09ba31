import { type Command, Option } from 'commander';
import { ENTRY_KINDS } from '../request-journal/entry.ts';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { repeated, wholeNumber } from './arguments.ts';
import { print, table, tell, wantsJson } from './output.ts';

const EXAMPLES = `
Everything that clients sent to the emulator and got from it, oldest first; the oldest make room in a ring of 32 MiB.
listenKeys, tokens, signatures and API keys are shown as marks, the same for the same.

Examples:
  listenpost requests
  listenpost requests --kind request,message --account demo
  listenpost requests --path /fapi/v1/listenKey --method PUT
  listenpost requests --event ORDER_TRADE_UPDATE --json | jq .frame
  listenpost requests --clear
`;

interface RequestsOptions extends AdminOptions {
  readonly account?: string;
  readonly product?: string;
  readonly connection?: string;
  readonly kind?: readonly string[];
  readonly method?: string;
  readonly path?: string;
  readonly event?: string;
  readonly status?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly clear?: boolean;
  readonly redact: boolean;
  readonly json?: boolean;
}

/** A row of the admin API's answer; what it has beside these goes through as it is. */
interface EntryRow {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly from: string;
  readonly account?: string;
  readonly connection?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly event?: string;
  readonly status?: number;
  readonly code?: number;
  readonly reason?: string;
  readonly fault?: { readonly id: string; readonly name: string; readonly did: string };
  readonly explanation?: { readonly slips: readonly { readonly says: string }[] };
}

export function addRequestsCommand(program: Command): void {
  addAdminOptions(program.command('requests').description('what clients sent to the emulator, and what they got'))
    .option('--account <id>', "one account's alone")
    .option('--product <product>', "one product's alone")
    .option('--connection <id>', "one connection's alone")
    .addOption(new Option('--kind <kind>', `one of ${ENTRY_KINDS.join(', ')}; may be repeated`).argParser(repeated))
    .option('--method <method>', 'HTTP verb, or method of a WebSocket message')
    .option('--path <path>', 'what the path begins with')
    .option('--event <type>', 'pushed events of this type')
    .option('--status <status>', 'answered so, such as 400')
    .option('--since <id>', 'what came after this entry')
    .option('--limit <count>', 'at most so many', wholeNumber)
    .option('--no-redact', 'with listenKeys, tokens and signatures as they are')
    .option('--clear', 'forget all of it')
    .option('--json', 'JSON even on a terminal')
    .addHelpText('after', EXAMPLES)
    .action((options: RequestsOptions) => (options.clear === true ? clear(options) : list(options)));
}

async function clear(options: RequestsOptions): Promise<void> {
  const { removed } = (await callAdmin(options, { method: 'DELETE', path: '/journal' })) as {
    readonly removed: number;
  };
  tell(`${removed} entries forgotten`);
}

async function list(options: RequestsOptions): Promise<void> {
  const json = wantsJson(options);
  let shown = 0;
  for await (const page of pages(options)) {
    if (json) for (const row of page) await print(JSON.stringify(row));
    else if (page.length > 0) await print(tableOf(page, shown === 0));
    shown += page.length;
  }
  if (shown === 0 && !json) tell('nothing has passed that fits');
}

const PAGE_ROWS = 500;

async function* pages(options: RequestsOptions): AsyncGenerator<readonly EntryRow[]> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let { since } = options;
  while (left > 0) {
    const parameters = parametersOf(
      { ...options, ...(since === undefined ? {} : { since }) },
      Math.min(left, PAGE_ROWS),
    );
    const answer = await callAdmin(options, { method: 'GET', path: `/journal?${parameters}` });
    const { entries, next } = answer as { readonly entries: readonly EntryRow[]; readonly next?: string };
    yield entries;
    if (next === undefined) return;
    left -= entries.length;
    since = next;
  }
}

const FILTERS = ['account', 'product', 'connection', 'method', 'path', 'event', 'status', 'since'] as const;

function parametersOf(options: RequestsOptions, limit: number): URLSearchParams {
  const parameters = new URLSearchParams({ limit: String(limit) });
  for (const name of FILTERS) if (options[name] !== undefined) parameters.set(name, options[name]);
  for (const kind of options.kind ?? []) parameters.append('kind', kind);
  if (!options.redact) parameters.set('redact', 'false');
  return parameters;
}

function tableOf(page: readonly EntryRow[], headed: boolean): string {
  const rows = page.map((row) => [
    row.id,
    row.at.slice(11, 23),
    row.from === 'client' ? '>' : '<',
    row.kind,
    row.account ?? '',
    row.connection ?? '',
    whatOf(row),
    outcomeOf(row),
  ]);
  const text = table(['ID', 'TIME', '', 'KIND', 'ACCOUNT', 'CONN', 'WHAT', 'ANSWER'], rows);
  return headed ? text : text.slice(text.indexOf('\n') + 1);
}

function whatOf({ kind, method, path = '', query, event, fault, reason }: EntryRow): string {
  if (fault !== undefined) return `${fault.name} (${fault.id}): ${fault.did}`;
  if (kind === 'request' || kind === 'handshake')
    return `${method ?? ''} ${path}${query === undefined ? '' : `?${query}`}`;
  return method ?? event ?? reason ?? '';
}

function outcomeOf({ status, code, explanation }: EntryRow): string {
  const slips = explanation?.slips.map(({ says }) => says).join('; ');
  return [status, code, slips].filter((part) => part !== undefined).join(' ');
}
