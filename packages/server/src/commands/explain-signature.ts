import type { Command } from 'commander';
import type { SignatureExplanation } from '../request-journal/explain-signature.ts';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { print, tell, wantsJson } from './output.ts';

const EXAMPLES = `
The answer -1022 says no more on the wire than on Binance. Here is what should have been signed, and the slip that fits what
came: it is found by trying, so one that is named is the one that was made. No secret is ever shown.

Examples:
  listenpost explain-signature
  listenpost explain-signature --no-redact             with the API key and listenKey as they stand in the text
  listenpost explain-signature --account demo --json
`;

interface ExplainOptions extends AdminOptions {
  readonly account?: string;
  readonly redact: boolean;
  readonly json?: boolean;
}

interface MistakeRow {
  readonly account: string;
  readonly where: string;
  readonly explanation: SignatureExplanation;
  readonly count: number;
  readonly lastAt: string;
}

export function addExplainSignatureCommand(program: Command): void {
  addAdminOptions(program.command('explain-signature').description("why clients' signatures were refused with -1022"))
    .option('--account <id>', "one account's alone")
    .option('--no-redact', 'with listenKeys and API keys as they are')
    .option('--json', 'JSON even on a terminal')
    .addHelpText('after', EXAMPLES)
    .action((options: ExplainOptions) => explain(options));
}

async function explain(options: ExplainOptions): Promise<void> {
  const parameters = new URLSearchParams({ redact: String(options.redact) });
  if (options.account !== undefined) parameters.set('account', options.account);
  const answer = await callAdmin(options, { method: 'GET', path: `/explain-signature?${parameters}` });
  const { mistakes } = answer as { readonly mistakes: readonly MistakeRow[] };
  if (wantsJson(options)) {
    for (const mistake of mistakes) await print(JSON.stringify(mistake));
    return;
  }
  if (mistakes.length === 0) return tell('no signature was refused');
  await print(mistakes.map(paragraphOf).join('\n\n'));
}

function paragraphOf({ account, where, count, lastAt, explanation }: MistakeRow): string {
  const { slips, expected, form } = explanation;
  return [
    `${where}  (account ${account}, ${count} ${count === 1 ? 'time' : 'times'}, last at ${lastAt})`,
    ...slips.map(({ slip, says }) => `  ${slip}: ${says}`),
    `  sign:  ${expected}`,
    `  with:  ${form}`,
  ].join('\n');
}
