import {
  type ClientProduct,
  fileCursorStore,
  type StreamItem,
  type UserDataStream,
  type UserDataStreamOptions,
} from '@listenpost/client';
import { sbe } from '@listenpost/client/sbe';
import { ENDPOINTS } from '@listenpost/protocol';
import type { Command } from 'commander';
import { duration } from './arguments.ts';
import { CommandError } from './command-error.ts';
import {
  addStreamOptions,
  faultOfStream,
  leaveOnSignal,
  reach,
  type StreamOptions,
  streamOf,
  warnOfSecretInView,
} from './stream-options.ts';
import { wantsColour } from './watch/spans.ts';
import { JsonView, LinesView, TerminalView, type View } from './watch/view.ts';

const EXAMPLES = `
Reads as a bot with the SDK does: keys are extended, connections renewed before they are cut, and what may be missing is said.
On a terminal the last line shows how the stream is; elsewhere each change of that is a line. With --json every line is one
object: {"scope","position","receivedAt","event"}, {"scope","receivedAt","gap"} or {"receivedAt","status"}.

A secret in a command line stands in the list of processes and in the shell's history: give it by LISTENPOST_API_SECRET or by
a file.

Examples:
  listenpost watch                                          the emulator's demo account
  listenpost watch --product spot --account demo2
  listenpost watch --product margin --cross --symbols BTCUSDT,ETHUSDT
  listenpost watch --json | jq 'select(.event.e == "ORDER_TRADE_UPDATE").event.o'
  listenpost watch --cursor ~/.local/state/listenpost       go on where the last watch stopped
  LISTENPOST_API_KEY=… listenpost watch --venue production --product spot --private-key ed25519.pem
`;

/** How often what counts down is drawn. */
const TICK_MS = 500;

/** What may wait for a reader of stdout who is too slow, before the command ends rather than eat the memory. */
const UNREAD_BYTES_MAX = 64 * 2 ** 20;

interface WatchOptions extends StreamOptions {
  readonly from?: string;
  readonly cursor?: string;
  readonly sbe?: true;
  readonly parallel?: true;
  readonly handoverAfter?: number;
  readonly json?: true;
}

export function addWatchCommand(program: Command): void {
  const command = program
    .command('watch')
    .description('show a live stream: its events a line each, its verdict, deadlines, lag and gaps');
  addStreamOptions(command)
    .option('--from <place>', 'where to begin: latest, a position such as e1:42, or a cursor')
    .option('--cursor <folder>', 'keep there how far this has come, and go on there the next time')
    .option('--sbe', 'read Spot and margin in SBE')
    .option('--parallel', 'two connections at once, merged')
    .option('--handover-after <duration>', 'renew a connection at this age (default: 23h)', duration)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action((options: WatchOptions) => {
      warnOfSecretInView(command);
      return watch(options);
    });
}

async function watch(options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const stream = streamOf(options, over.signal, ownOptions(options));
  if (options.venue === undefined) await reach(options.url);
  const view = viewOf(options);
  const unread = new Promise<never>((_, reject) => {
    stream.onStatus((status) => {
      view.status(status);
      // Events wait until they are read; of these lines nobody waits.
      if (process.stdout.writableLength > UNREAD_BYTES_MAX) reject(new CommandError('stdout is read too slowly'));
    });
  });
  const ticking = setInterval(() => view.tick(stream.status), TICK_MS);
  const stop = leaveOnSignal(over);
  try {
    await Promise.race([show(stream, view), unread]);
  } finally {
    stop();
    clearInterval(ticking);
    view.end();
    await stream.close();
  }
}

async function show(stream: UserDataStream<ClientProduct, never>, view: View): Promise<void> {
  try {
    for await (const item of stream) await view.item(item as StreamItem<ClientProduct, never>);
  } catch (error) {
    throw faultOfStream(error);
  }
}

function viewOf({ product, json }: WatchOptions): View {
  const output = process.stdout;
  const now = () => Date.now();
  if (json) return new JsonView({ output, now });
  const tokens = ENDPOINTS.some((row) => row.operation === 'userListenToken' && row.product === product);
  const colour = wantsColour(process.env, output.isTTY);
  const options = { output, product, grant: tokens ? 'listenToken' : 'listenKey', colour, now };
  return output.isTTY ? new TerminalView(options) : new LinesView(options);
}

function ownOptions(options: WatchOptions): Partial<UserDataStreamOptions<ClientProduct, never>> {
  const { from, cursor, handoverAfter } = options;
  return {
    ...(from === undefined ? {} : { from }),
    ...(options.sbe ? { format: sbe() } : {}),
    ...(options.parallel ? { parallel: 2 } : {}),
    ...(handoverAfter === undefined ? {} : { handoverAfterMs: handoverAfter }),
    // A line that is printed twice after a crash harms nobody, and a write to the disk for each line would slow all.
    ...(cursor === undefined
      ? {}
      : { cursorStore: fileCursorStore(cursor), cursorKey: placeOf(options), commit: 'background' }),
  };
}

/** What a cursor is of: one account's stream at one venue. API keys are no secrets, and too long for a file's name. */
function placeOf({ product, venue, url, apiKey, account }: WatchOptions): string {
  return `${product}-${apiKey?.slice(0, 8) ?? account}-${venue ?? new URL(url).host}`;
}
