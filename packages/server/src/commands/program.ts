/**
 * The command line: which commands there are, and what becomes of their faults. One file per command.
 */
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { nearestName } from '../config/nearest.ts';
import { addClockCommand } from './clock.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { addConformanceCommand } from './conformance.ts';
import { addDevCommand } from './dev.ts';
import { addExplainSignatureCommand } from './explain-signature.ts';
import { addFaultsCommand } from './faults.ts';
import { addJournalCommand } from './journal.ts';
import { addKeysCommand } from './keys.ts';
import { addListenCommand } from './listen.ts';
import { tell } from './output.ts';
import { addPublishCommand } from './publish.ts';
import { addRecordCommand } from './record.ts';
import { addReplayCommand } from './replay.ts';
import { addRequestsCommand } from './requests.ts';
import { addServeCommand } from './serve.ts';
import { addTriggerCommand } from './trigger.ts';
import { addWatchCommand } from './watch.ts';

const EXAMPLES = `
Examples:
  listenpost dev                                   an exchange's private streams on this machine, with demo accounts
  listenpost watch --product usdm                  show the demo account's stream as it lives
  listenpost listen --product usdm                 print its frames as they come
  listenpost trigger order.filled                  make some
  listenpost serve --config listenpost.json        the service for your own accounts
  listenpost publish events.ndjson                 send your own events
`;

function createProgram(): Command {
  const program = new Command('listenpost')
    .description("Private account streams in Binance's wire protocol: listenKeys, sockets, and every event in order.")
    .version(manifest.version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'listenpost: ')) })
    .addHelpText('after', EXAMPLES);
  for (const add of [
    addDevCommand,
    addServeCommand,
    addListenCommand,
    addWatchCommand,
    addTriggerCommand,
    addPublishCommand,
    addConformanceCommand,
    addRecordCommand,
    addReplayCommand,
    addKeysCommand,
    addClockCommand,
    addFaultsCommand,
    addRequestsCommand,
    addExplainSignatureCommand,
    addJournalCommand,
  ]) {
    add(program);
  }
  pointAtHelp(program, 'listenpost');
  for (const group of program.commands) refuseUnknownSubcommands(group);
  return program;
}

/** `clock freze` is a slip, not an argument of `clock now`, which stands in when no subcommand is named. */
function refuseUnknownSubcommands(group: Command): void {
  const names = group.commands.map((command) => command.name());
  group.hook('preSubcommand', () => {
    const [word = '-'] = group.args;
    if (word.startsWith('-') || names.includes(word)) return;
    const nearest = nearestName(word, names);
    group.error(`error: unknown command '${word}'\n(Did you mean ${nearest ?? names.join(', ')}?)`);
  });
}

function pointAtHelp(command: Command, path: string): void {
  command.showHelpAfterError(`see: ${path} --help`);
  for (const child of command.commands) pointAtHelp(child, `${path} ${child.name()}`);
}

/** Runs one command to its end. Resolves with the exit code; never rejects. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // commander has told its own already, and ends `--help` and `--version` by an error of exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  tell(`listenpost: ${sentenceOf(error)}`);
  if (process.env['LISTENPOST_DEBUG'] === '1' && error instanceof Error) tell(error.stack ?? '');
  return error instanceof CommandError ? error.exitCode : 1;
}
