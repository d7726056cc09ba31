import { readFileSync } from 'node:fs';
import {
  type ClientProduct,
  customVenue,
  fileCursorStore,
  listenpost,
  OptionsError,
  type StreamItem,
  type UserDataStream,
  type UserDataStreamOptions,
  userDataStream,
  type Venue,
} from '@listenpost/client';
import { sbe } from '@listenpost/client/sbe';
import { ENDPOINTS } from '@listenpost/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { demoAccounts } from '../config/demo.ts';
import { DURATION_FORM, parseDuration } from '../config/units.ts';
import { unreachable } from './admin-client.ts';
import { httpUrl, repeated } from './arguments.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { PUBLIC_URL } from './listen.ts';
import { tell } from './output.ts';
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

const PRODUCTS = Object.keys(listenpost(PUBLIC_URL).urls) as ClientProduct[];
const VENUES = ['production', 'testnet', 'demo'] as const;

/** How often what counts down is drawn. */
const TICK_MS = 500;

const ANSWER_WITHIN_MS = 10_000;

/** What may wait for a reader of stdout who is too slow, before the command ends rather than eat the memory. */
const UNREAD_BYTES_MAX = 64 * 2 ** 20;

interface WatchOptions {
  readonly product: ClientProduct;
  readonly venue?: (typeof VENUES)[number];
  readonly url: string;
  readonly resume: boolean;
  readonly account: string;
  readonly apiKey?: string;
  readonly secret?: string;
  readonly secretFile?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
  readonly symbols?: readonly string[];
  readonly cross?: true;
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
  command
    .addOption(new Option('--product <product>', 'whose stream').choices(PRODUCTS).default('usdm'))
    .addOption(
      new Option('--venue <venue>', "Binance's, instead of --url").choices(VENUES).conflicts(['url', 'account']),
    )
    .addOption(
      new Option('--url <url>', 'base URL of the server').env('LISTENPOST_URL').default(PUBLIC_URL).argParser(httpUrl),
    )
    .option('--no-resume', 'the server at --url is another that copies the protocol, and cannot resume')
    .addOption(new Option('--account <id>', 'whose, of the demo accounts').choices([...DEMO.keys()]).default('demo'))
    .addOption(new Option('--api-key <key>', 'whose, by an API key of your own').env('LISTENPOST_API_KEY'))
    .addOption(
      new Option('--secret-file <file>', 'file with the secret of an HMAC key').env('LISTENPOST_API_SECRET_FILE'),
    )
    .addOption(
      new Option('--secret <secret>', 'the same, for all to see; prefer the variable')
        .env('LISTENPOST_API_SECRET')
        .conflicts('secretFile'),
    )
    .addOption(
      new Option(
        '--private-key <file>',
        'PEM file of an RSA or Ed25519 key; its passphrase in LISTENPOST_KEY_PASSPHRASE',
      )
        .env('LISTENPOST_PRIVATE_KEY_FILE')
        .conflicts(['secret', 'secretFile']),
    )
    .option('--symbols <symbols>', 'margin: isolated accounts, separated by commas', symbols)
    .option('--cross', 'margin: the cross account beside those of --symbols')
    .option('--from <place>', 'where to begin: latest, a position such as e1:42, or a cursor')
    .option('--cursor <folder>', 'keep there how far this has come, and go on there the next time')
    .option('--sbe', 'read Spot and margin in SBE')
    .option('--parallel', 'two connections at once, merged')
    .option('--handover-after <duration>', 'renew a connection at this age (default: 23h)', duration)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action((options: WatchOptions) => {
      if (command.getOptionValueSource('secret') === 'cli') {
        tell('--secret stands in the list of processes for all to see; prefer LISTENPOST_API_SECRET or --secret-file');
      }
      return watch(options);
    });
}

/** By account: its HMAC key. Public, like all of the demo accounts. */
const DEMO: ReadonlyMap<string, { readonly apiKey: string; readonly secret: string }> = new Map(
  demoAccounts().flatMap(({ id, apiKeys }) =>
    apiKeys.flatMap((key) =>
      key.type === 'HMAC' ? [[id, { apiKey: key.apiKey.reveal(), secret: key.secret.reveal() }] as const] : [],
    ),
  ),
);

function symbols(text: string, before: readonly string[] | undefined): readonly string[] {
  const more = text.split(',').map((symbol) => symbol.trim());
  if (more.includes(''))
    throw new InvalidArgumentError('It must be symbols separated by commas, such as BTCUSDT,ETHUSDT.');
  return more.reduce((all, symbol) => repeated(symbol, all), before ?? []);
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${DURATION_FORM}.`);
  return ms;
}

async function watch(options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const stream = streamOf(options, over.signal);
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
    throw fault(error);
  }
}

function fault(error: unknown): CommandError {
  if (error instanceof OptionsError) return new CommandError(inFlags(error.message), 2, { cause: error });
  return new CommandError(sentenceOf(error), 1, { cause: error });
}

/** The first signal closes the stream, and its place is kept; the second ends at once. */
function leaveOnSignal(over: AbortController): () => void {
  const leave = () => {
    if (over.signal.aborted) process.exit(130);
    over.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, leave);
  };
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

/** A stream would try for ever; a server that is not there, or not at this URL, is said at the start. */
async function reach(url: string): Promise<void> {
  await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch((error: unknown) => {
    throw unreachable(url, error);
  });
}

function streamOf(options: WatchOptions, signal: AbortSignal): UserDataStream<ClientProduct, never> {
  const { product, symbols: isolated, cross, from, cursor, handoverAfter } = options;
  const venue = venueOf(options);
  const all: UserDataStreamOptions<ClientProduct, never> = {
    product,
    venue,
    ...credentials(options),
    signal,
    ...(isolated === undefined ? {} : { symbols: isolated }),
    ...(cross === undefined ? {} : { cross }),
    ...(from === undefined ? {} : { from }),
    ...(options.sbe ? { format: sbe() } : {}),
    ...(options.parallel ? { parallel: 2 } : {}),
    ...(handoverAfter === undefined ? {} : { handoverAfterMs: handoverAfter }),
    // A line that is printed twice after a crash harms nobody, and a write to the disk for each line would slow all.
    ...(cursor === undefined
      ? {}
      : { cursorStore: fileCursorStore(cursor), cursorKey: placeOf(options), commit: 'background' }),
  };
  try {
    return userDataStream(all);
  } catch (error) {
    throw fault(error);
  }
}

/** What a cursor is of: one account's stream at one venue. API keys are no secrets, and too long for a file's name. */
function placeOf({ product, venue, url, apiKey, account }: WatchOptions): string {
  return `${product}-${apiKey?.slice(0, 8) ?? account}-${venue ?? new URL(url).host}`;
}

function venueOf({ venue, url, resume }: WatchOptions): (typeof VENUES)[number] | Venue {
  if (venue !== undefined) return venue;
  return resume ? listenpost(url) : customVenue(url);
}

type Credentials = Pick<UserDataStreamOptions, 'apiKey' | 'secret' | 'privateKey' | 'passphrase'>;

function credentials(options: WatchOptions): Credentials {
  const { apiKey, account, venue, secret, secretFile, privateKey } = options;
  if (apiKey === undefined) {
    if (venue !== undefined)
      throw new CommandError(`--venue ${venue} needs an API key of yours: give LISTENPOST_API_KEY or --api-key`, 2);
    return DEMO.get(account) as Credentials;
  }
  const passphrase = process.env['LISTENPOST_KEY_PASSPHRASE'];
  if (privateKey !== undefined) {
    return { apiKey, privateKey: textOf(privateKey), ...(passphrase === undefined ? {} : { passphrase }) };
  }
  const given = secretFile === undefined ? secret : textOf(secretFile).trim();
  return { apiKey, ...(given === undefined ? {} : { secret: given }) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(sentenceOf(error, path), 2, { cause: error });
  }
}

/** The SDK names its options; who stands at a command line gives them by flags. */
const FLAGS: Readonly<Record<string, string>> = {
  apiKey: '--api-key',
  secret: '--secret-file',
  privateKey: '--private-key',
  passphrase: 'LISTENPOST_KEY_PASSPHRASE',
  symbols: '--symbols',
  cross: '--cross',
  from: '--from',
  format: '--sbe',
  venue: '--venue',
  baseUrl: '--url',
  handoverAfterMs: '--handover-after',
};

function inFlags(message: string): string {
  const end = message.indexOf(':');
  const names = message.slice(0, end).replace(/\w+/g, (name) => FLAGS[name] ?? name);
  return `${names}${message.slice(end)}`;
}
