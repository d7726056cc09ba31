import type { Command } from 'commander';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { print, table, tell, wantsJson } from './output.ts';

const EXAMPLES = `
Examples:
  listenpost keys
  listenpost keys list --account demo --json
  listenpost keys end k7
`;

/** A row of the admin API's answer. The key itself is a bearer secret that no list shows. */
interface KeyRow {
  readonly id: string;
  readonly account: string;
  readonly scope: string;
  readonly expiresAt: string;
  readonly subscriptions: number;
}

interface ListOptions extends AdminOptions {
  readonly account?: string;
  readonly json?: boolean;
}

export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('list the live listenKeys, or end one')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  addAdminOptions(keys.command('list', { isDefault: true }).description('one row per live listenKey'))
    .option('--account <id>', "one account's alone")
    .option('--json', 'JSON even on a terminal')
    .action((options: ListOptions) => listKeys(options));
  addAdminOptions(keys.command('end').description('end a key at once, as if its holder had closed it'))
    .argument('<id>', 'the id that the list shows')
    .action((id: string, options: AdminOptions) => endKey(id, options));
}

async function listKeys(options: ListOptions): Promise<void> {
  const json = wantsJson(options);
  let shown = 0;
  for await (const page of pages(options)) {
    if (json) for (const key of page) await print(JSON.stringify(key));
    else if (page.length > 0) await print(tableOf(page, shown === 0));
    shown += page.length;
  }
  if (shown === 0 && !json) tell('no listenKey is alive');
}

const PAGE_ROWS = 1000;

/** Page by page, so that a million keys are printed and never held. */
async function* pages(options: ListOptions): AsyncGenerator<readonly KeyRow[]> {
  const account = options.account === undefined ? '' : `&account=${encodeURIComponent(options.account)}`;
  let after = '';
  for (;;) {
    const path = `/keys?limit=${PAGE_ROWS}${account}${after}`;
    const answer = (await callAdmin(options, { method: 'GET', path })) as {
      readonly keys: KeyRow[];
      readonly next?: string;
    };
    yield answer.keys;
    if (answer.next === undefined) return;
    after = `&after=${encodeURIComponent(answer.next)}`;
  }
}

function tableOf(page: readonly KeyRow[], headed: boolean): string {
  const rows = page.map(({ id, account, scope, expiresAt, subscriptions }) => [
    id,
    account,
    scope,
    expiresAt,
    String(subscriptions),
  ]);
  const text = table(['ID', 'ACCOUNT', 'SCOPE', 'EXPIRES', 'SUBSCRIPTIONS'], rows);
  return headed ? text : text.slice(text.indexOf('\n') + 1);
}

async function endKey(id: string, options: AdminOptions): Promise<void> {
  await callAdmin(options, { method: 'DELETE', path: `/keys/${encodeURIComponent(id)}` });
  tell(`${id} ended`);
}
