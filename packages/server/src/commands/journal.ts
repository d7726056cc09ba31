import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { printPosition } from '@listenpost/protocol';
import type { Command } from 'commander';
import {
  type InspectedRecord,
  inspectJournal,
  PROBLEMS_MAX,
  type VerifyReport,
  verifyJournal,
} from '../storage/segment-log/verify.ts';
import { wholeNumber } from './arguments.ts';
import { CommandError } from './command-error.ts';
import { print } from './output.ts';

const EXAMPLES = `
Both only read, also beside a running server. The folder is the journal itself or the data folder around it.

Examples:
  listenpost journal verify data
  listenpost journal inspect data --stream alice/usdm --from 100 --limit 10
`;

interface InspectCommandOptions {
  readonly stream?: string;
  readonly from?: number;
  readonly limit?: number;
}

export function addJournalCommand(program: Command): void {
  const journal = program
    .command('journal')
    .description("check or read a journal's files")
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  journal
    .command('verify')
    .description('read every byte and name what is not as it was written; exit 1 if anything is not')
    .argument('<folder>', 'where the journal is')
    .option('--json', 'the report as JSON')
    .action((folder: string, options: { readonly json?: boolean }) => verify(folder, options));
  journal
    .command('inspect')
    .description('print the events that are held, one JSON object per line, oldest first')
    .argument('<folder>', 'where the journal is')
    .option('--stream <account/scope>', "one stream's alone")
    .option('--from <sequence>', 'from this number in its stream on', wholeNumber)
    .option('--limit <count>', 'at most so many', wholeNumber)
    .action((folder: string, options: InspectCommandOptions) => inspect(folder, options));
}

/** Where a data folder keeps its journal. */
const JOURNAL_FOLDER = 'journal';

function journalFolder(given: string): string {
  const folder = resolve(given);
  if (!existsSync(folder)) throw new CommandError(`${folder}: there is no such folder`);
  const inner = join(folder, JOURNAL_FOLDER);
  return existsSync(inner) ? inner : folder;
}

async function verify(given: string, options: { readonly json?: boolean }): Promise<void> {
  const folder = journalFolder(given);
  const report = await verifyJournal(folder);
  await print(options.json === true ? JSON.stringify(report) : reportText(folder, report));
  const { length } = report.problems;
  if (length === 0) return;
  const bound = length < PROBLEMS_MAX ? '' : 'at least ';
  throw new CommandError(`${bound}${count(length, 'place')} not as written`);
}

function reportText(folder: string, report: VerifyReport): string {
  const { segments, frames, events, streams, problems, tornTail } = report;
  return [
    ...problems.map(({ file, offset, problem }) => `${file} at byte ${offset}: ${problem}`),
    ...(tornTail === undefined
      ? []
      : [`${tornTail.file} at byte ${tornTail.offset}: the last write is unfinished; the next start cuts it`]),
    `${folder}: ${count(events, 'event')} of ${count(streams, 'stream')}, in ${count(frames, 'frame')} of ${count(segments, 'segment')}`,
  ].join('\n');
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

async function inspect(given: string, options: InspectCommandOptions): Promise<void> {
  for await (const record of inspectJournal(journalFolder(given), options)) await print(recordText(record));
}

/** The event stands as it was published: its text is put in, never rewritten. */
function recordText({ stream, epoch, sequence, timeMs, file, offset, body }: InspectedRecord): string {
  const position = printPosition({ epoch, sequence });
  const place = { position, stream, time: new Date(timeMs).toISOString(), file, offset };
  return `${JSON.stringify(place).slice(0, -1)},"event":${body}}`;
}
