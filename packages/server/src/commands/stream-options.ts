/** Whose stream a command reads, and where: the options that those commands share which read as the SDK does. */
import { readFileSync } from 'node:fs';
import {
  type ClientProduct,
  customVenue,
  listenpost,
  OptionsError,
  type UserDataStream,
  type UserDataStreamOptions,
  userDataStream,
  type Venue,
} from '@listenpost/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { demoAccounts } from '../config/demo.ts';
import { unreachable } from './admin-client.ts';
import { httpUrl, repeated } from './arguments.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { PUBLIC_URL } from './listen.ts';
import { tell } from './output.ts';

const PRODUCTS = Object.keys(listenpost(PUBLIC_URL).urls) as ClientProduct[];
const VENUES = ['production', 'testnet', 'demo'] as const;

const ANSWER_WITHIN_MS = 10_000;

export interface StreamOptions {
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
}

export function addStreamOptions(command: Command): Command {
  return command
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
    .option('--cross', 'margin: the cross account beside those of --symbols');
}

export function warnOfSecretInView(command: Command): void {
  if (command.getOptionValueSource('secret') !== 'cli') return;
  tell('--secret stands in the list of processes for all to see; prefer LISTENPOST_API_SECRET or --secret-file');
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

/** What ends a stream, for who stands at a command line. */
export function faultOfStream(error: unknown): CommandError {
  if (error instanceof OptionsError) return new CommandError(inFlags(error.message), 2, { cause: error });
  return new CommandError(sentenceOf(error), 1, { cause: error });
}

/** The first signal closes the stream, and its place is kept; the second ends at once. */
export function leaveOnSignal(over: AbortController): () => void {
  const leave = () => {
    if (over.signal.aborted) process.exit(130);
    over.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, leave);
  };
}

/** A stream would try for ever; a server that is not there, or not at this URL, is said at the start. */
export async function reach(url: string): Promise<void> {
  await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch((error: unknown) => {
    throw unreachable(url, error);
  });
}

/** `more`: what a command adds of its own. Throws `CommandError` that names the flag at fault. */
export function streamOf(
  options: StreamOptions,
  signal: AbortSignal,
  more: Partial<UserDataStreamOptions<ClientProduct, never>>,
): UserDataStream<ClientProduct, never> {
  const { product, symbols: isolated, cross } = options;
  const venue = venueOf(options);
  const all: UserDataStreamOptions<ClientProduct, never> = {
    product,
    venue,
    ...credentials(options),
    signal,
    ...(isolated === undefined ? {} : { symbols: isolated }),
    ...(cross === undefined ? {} : { cross }),
    ...more,
  };
  try {
    return userDataStream(all);
  } catch (error) {
    throw faultOfStream(error);
  }
}

export function venueOf({ venue, url, resume }: StreamOptions): (typeof VENUES)[number] | Venue {
  if (venue !== undefined) return venue;
  return resume ? listenpost(url) : customVenue(url);
}

export type Credentials = Pick<UserDataStreamOptions, 'apiKey' | 'secret' | 'privateKey' | 'passphrase'>;

export function credentials(options: StreamOptions): Credentials {
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
