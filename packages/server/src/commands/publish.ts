import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { type AdminOptions, AdminRefusal, addAdminOptions, callAdmin } from './admin-client.ts';
import { CommandError } from './command-error.ts';
import { type InputLine, linesOf, requestsOf } from './input-lines.ts';
import { print, tell, wantsJson } from './output.ts';

const EXAMPLES = `
A line is {"account":…,"scope":…,"event":{…}}; with --account and --scope it is the event alone. One event may also be
spread over several lines. Events reach the stream exactly as they are written.

Examples:
  listenpost publish events.ndjson
  my-exchange | listenpost publish --producer engine-1
  echo '{"e":"ACCOUNT_CONFIG_UPDATE","E":1790000001005,"T":1790000001002,"ac":{"s":"BTCUSDT","l":20}}' |
    listenpost publish --account demo --scope usdm
`;

interface PublishOptions extends AdminOptions {
  readonly account?: string;
  readonly scope?: string;
  readonly producer?: string;
  readonly json?: boolean;
}

export function addPublishCommand(program: Command): void {
  addAdminOptions(program.command('publish').description('send events; each is durable when the command says so'))
    .argument('[file]', 'NDJSON lines or one event; - is stdin', '-')
    .option('--account <id>', 'whose events these are; the input then holds events alone')
    .option('--scope <scope>', 'which stream of the account, such as usdm or isolated:BTCUSDT')
    .option('--producer <id>', 'count the lines under this name, so that the same input sent again is not stored twice')
    .option('--json', 'JSON even on a terminal')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: PublishOptions) => publish(file, options));
}

/** What the server has answered so far. */
interface Tally {
  accepted: number;
  duplicates: number;
  readonly last: Record<string, string>;
}

/** One read of a file; a pipe gives what it has. */
const READ_BYTES = 1024 * 1024;

async function publish(file: string, options: PublishOptions): Promise<void> {
  if ((options.account === undefined) !== (options.scope === undefined)) {
    throw new CommandError('--account and --scope go together: both name the stream', 2);
  }
  const name = file === '-' ? 'stdin' : file;
  const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES });
  const groups = linesOf(input, name);
  const first = await groups.next();
  if (first.done) throw new CommandError(`${name}: there is no event in it`);
  const tally: Tally = { accepted: 0, duplicates: 0, last: {} };
  const publishInput = isJson(first.value[0]?.text ?? '') ? publishLines : publishDocument;
  await publishInput(withFirst(first.value, groups), name, options, tally);
  await report(tally, options);
}

type Groups = AsyncIterable<readonly InputLine[]>;

async function* withFirst(first: readonly InputLine[], others: Groups): Groups {
  yield first;
  yield* others;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** One request in flight: after a refusal nothing behind it was stored. */
async function publishLines(groups: Groups, name: string, options: PublishOptions, tally: Tally): Promise<void> {
  const progress = showProgress(tally);
  try {
    for await (const group of groups) {
      for (const lines of requestsOf(group)) await publishRequest(lines, name, options, tally);
    }
  } finally {
    progress.end();
  }
}

async function publishRequest(
  lines: readonly InputLine[],
  name: string,
  options: PublishOptions,
  tally: Tally,
): Promise<void> {
  const query = options.producer === undefined ? '' : `?producer=${encodeURIComponent(options.producer)}`;
  const body = lines.map((line) => ingestLine(line, options)).join('\n');
  const request = { method: 'POST', path: `/events${query}`, body, contentType: 'application/x-ndjson' } as const;
  try {
    count(tally, await callAdmin(options, request));
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error;
    const at = error.line === undefined ? '' : ` line ${lines[error.line - 1]?.number}`;
    const stored = `${tally.accepted} events are published, none from line ${lines[0]?.number} on`;
    throw new CommandError(`${name}${at}: ${error.message}\n${stored}`, 1, { cause: error });
  }
}

function count(tally: Tally, answer: unknown): void {
  const { accepted, duplicates = 0, last } = answer as Partial<Tally> & Pick<Tally, 'accepted' | 'last'>;
  tally.accepted += accepted;
  tally.duplicates += duplicates;
  Object.assign(tally.last, last);
}

/** Put together as text: what stands in the input is never rewritten, so that no number loses a digit. */
function ingestLine({ number, text }: InputLine, { account, scope, producer }: PublishOptions): string {
  const line = text.trim();
  const counted = producer === undefined ? '' : `"n":${number},`;
  if (account === undefined) return line.replace(/^\{\s*(?!\})/, `{${counted}`);
  return `{${counted}"account":${JSON.stringify(account)},"scope":${JSON.stringify(scope)},"event":${line}}`;
}

/** An event over more lines than any row has fields, many times over. */
const DOCUMENT_LINES_MAX = 10_000;

/** One event, spread over lines. */
async function publishDocument(groups: Groups, name: string, options: PublishOptions, tally: Tally): Promise<void> {
  const lines: InputLine[] = [];
  for await (const group of groups) {
    lines.push(...group);
    if (lines.length > DOCUMENT_LINES_MAX) break;
  }
  const text = lines.map((line) => line.text).join('\n');
  if (!isJson(text)) {
    throw new CommandError(`${name} line ${lines[0]?.number}: not JSON: ${(lines[0]?.text ?? '').trim().slice(0, 60)}`);
  }
  await publishRequest([{ number: 1, text: singleLine(text) }], name, options, tally);
}

/** JSON has its line breaks between its parts alone: within a string they are escaped. */
const singleLine = (json: string): string => json.replaceAll(/[\r\n]+/g, ' ');

const PROGRESS_EVERY_MS = 1_000;

/** A line that rewrites itself, on a terminal alone. */
function showProgress(tally: Tally): { end(): void } {
  if (!process.stderr.isTTY) return { end: () => {} };
  let shown = false;
  const timer = setInterval(() => {
    shown = true;
    process.stderr.write(`\r${tally.accepted} events published`);
  }, PROGRESS_EVERY_MS);
  return {
    end: () => {
      clearInterval(timer);
      if (shown) process.stderr.write('\r\u001b[K');
    },
  };
}

async function report({ accepted, duplicates, last }: Tally, options: PublishOptions): Promise<void> {
  if (wantsJson(options)) return print(JSON.stringify({ accepted, duplicates, last }));
  const before = duplicates === 0 ? '' : `, ${duplicates} of them before`;
  tell(`${accepted} ${accepted === 1 ? 'event' : 'events'} published${before}`);
  for (const [stream, position] of Object.entries(last)) tell(`  ${stream} stands at ${position}`);
}
