import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Recording, readRecording } from '../recording/format.ts';
import { parseSpeed, SPEED_FORM } from '../recording/speed.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { firstScreen } from './first-screen.ts';
import { tell } from './output.ts';
import { runServer } from './run-server.ts';
import { addServerOptions, type ServerOptions } from './server-options.ts';

const EXAMPLES = `
An emulator that plays the file to the account "demo": it issues keys of its own, plays the events in the recorder's time from the
moment somebody listens, cuts connections where the venue cut them, and answers what was asked about the account as the venue did.
The clock plays it: \`listenpost clock advance 1h\` plays an hour of it, and a frozen clock none.

Examples:
  listenpost replay monday.ndjson
  listenpost replay monday.ndjson --speed max --port 0
`;

interface ReplayOptions extends ServerOptions {
  readonly speed: number;
  readonly account?: string;
  readonly now?: true;
}

export function addReplayCommand(program: Command): void {
  addServerOptions(
    program
      .command('replay')
      .description('an emulator that serves what was recorded')
      .argument('<file>', 'a recording'),
  )
    .addOption(new Option('--speed <speed>', '1x, 10x, 0.5x or max').argParser(speed).default(1, '1x'))
    .option('--account <id>', 'to whom (default: the first account)')
    .option('--now', 'begin at once, whether or not somebody listens')
    .option('--config <file>', 'config file (JSON); its accounts replace the demo ones')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, { speed: factor, account, now, ...options }: ReplayOptions) => {
      const recording = readFile(file);
      await runServer('dev', options, (running, config) => {
        tell(firstScreen(running, config));
        running.replay(recording, { speed: factor, account, whenHeard: now !== true, over: (words) => tell(words) });
      });
    });
}

function speed(text: string): number {
  const factor = parseSpeed(text);
  if (factor === undefined) throw new InvalidArgumentError(SPEED_FORM);
  return factor;
}

function readFile(path: string): Recording {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(sentenceOf(error, path), 2, { cause: error });
  }
  try {
    return readRecording(text);
  } catch (error) {
    throw new CommandError(`${path}: ${sentenceOf(error)}`, 2, { cause: error });
  }
}
