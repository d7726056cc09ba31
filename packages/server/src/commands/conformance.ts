import {
  CONFORMANCE_PRODUCTS,
  checkNamesOf,
  runConformance,
  type ScoreCard,
  type ScoreRow,
} from '@listenpost/testkit/conformance';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { duration, wholeNumber } from './arguments.ts';
import { CommandError } from './command-error.ts';
import { print, tell, wantsJson } from './output.ts';

const EXAMPLES = `
For each check a fresh emulator is started, and the client by its own command, with URLs and keys in its environment. It prints
{"ready":true} when it listens, and {"event":{…}} for each event that it delivers (with "account":"2" for those of a second account);
other lines are its own. docs/conformance.md lists the variables and the checks.

The long timers of a client on Node follow the emulator's clock by themselves.

Exit code 0: all passed or were skipped; 1: something failed.

Examples:
  listenpost conformance --client "node my-bot.mjs"
  listenpost conformance --client "python bot.py" --product spot --only cut,lifetime --json
`;

const JOBS_MAX = 32;

interface ConformanceOptions {
  readonly client: string;
  readonly product: string;
  readonly only?: readonly string[];
  readonly jobs: number;
  readonly patience?: number;
  readonly json?: true;
}

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description("put a client of your own through the stream's life, and print a score card")
    .addOption(new Option('--client <command>', 'what starts the client, for the shell').makeOptionMandatory())
    .addOption(new Option('--product <product>', 'what it listens to').choices(CONFORMANCE_PRODUCTS).default('usdm'))
    .option('--only <checks>', 'these alone, separated by commas', (text: string) => text.split(','))
    .addOption(new Option('--jobs <count>', 'checks at once').argParser(jobs).default(4))
    .option(
      '--patience <duration>',
      'time of the machine that a client is given to listen again (default: 45s)',
      duration,
    )
    .option('--json', 'the card as JSON')
    .addHelpText('after', EXAMPLES)
    .action(conformance);
}

function jobs(text: string): number {
  const count = wholeNumber(text);
  if (count < 1 || count > JOBS_MAX) throw new InvalidArgumentError(`It must be 1 to ${JOBS_MAX}.`);
  return count;
}

async function conformance(options: ConformanceOptions): Promise<void> {
  const { client, product, only, jobs: count, patience: patienceMs } = options;
  const unknown = only?.find((name) => !checkNamesOf(product).includes(name));
  if (unknown !== undefined) {
    throw new CommandError(
      `--only: ${product} has no check "${unknown}"; it has ${checkNamesOf(product).join(', ')}`,
      2,
    );
  }
  // Loaded here, so that other commands need not load a server.
  const { EmulatorHost } = await import('../emulator-host.ts');
  const json = wantsJson(options);
  const card = await runConformance({
    host: new EmulatorHost(),
    client,
    product,
    jobs: count,
    ...(only === undefined ? {} : { only }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
    done: (row) => tell(lineOf(row)),
  });
  await print(json ? JSON.stringify(card) : summaryOf(card));
  const failed = card.rows.filter(({ verdict }) => verdict === 'fail').length;
  if (failed > 0) throw new CommandError(`${failed} of ${card.rows.length} checks failed`);
}

const MARKS = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

const lineOf = ({ check, verdict, survives, why }: ScoreRow): string =>
  `${MARKS[verdict]}  ${check}${why === undefined ? '' : `: ${why}${verdict === 'fail' ? `\n      a client that survives ${survives}` : ''}`}`;

function summaryOf({ product, rows }: ScoreCard): string {
  const count = (verdict: ScoreRow['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  return `${product}: ${count('pass')} of ${rows.length} passed, ${count('fail')} failed, ${count('skip')} could not be asked`;
}
