import { rulesAsOf } from '@listenpost/protocol';
import { type Command, Option } from 'commander';
import { demoAccounts } from '../config/demo.ts';
import { unreachable } from './admin-client.ts';
import { httpUrl } from './arguments.ts';
import { CommandError } from './command-error.ts';
import { print, tell } from './output.ts';

const EXAMPLES = `
Examples:
  listenpost listen
  listenpost listen --product pm | jq .e
  listenpost listen --product coinm --api-key "$MY_API_KEY" --url http://127.0.0.1:9010
`;

export const PUBLIC_URL = 'http://127.0.0.1:9010';

/** Half the life of a key, as clients everywhere do. */
const KEEPALIVE_EVERY_MS = 30 * 60_000;

const ANSWER_WITHIN_MS = 10_000;

/** What may wait for a reader of stdout who is too slow, before the command ends rather than eat the memory. */
const UNREAD_BYTES_MAX = 64 * 2 ** 20;

interface ListenOptions {
  readonly url: string;
  readonly product: string;
  readonly account: string;
  readonly apiKey?: string;
}

/** By account. Taken for what they are: public. */
const demoKeys: ReadonlyMap<string, string> = new Map(
  demoAccounts().flatMap(({ id, apiKeys: [first] }) =>
    first === undefined ? [] : [[id, first.apiKey.reveal()] as const],
  ),
);

export function addListenCommand(program: Command): void {
  program
    .command('listen')
    .description('open a private stream as a client does, and print each frame as it comes, one per line')
    .addOption(new Option('--product <product>', 'whose stream').choices([...doors.keys()]).default('usdm'))
    .addOption(
      new Option('--account <id>', 'whose, of the demo accounts').choices([...demoKeys.keys()]).default('demo'),
    )
    .addOption(new Option('--api-key <key>', 'whose, by an API key of your own').env('LISTENPOST_API_KEY'))
    .addOption(
      new Option('--url <url>', 'base URL of the server').env('LISTENPOST_URL').default(PUBLIC_URL).argParser(httpUrl),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: ListenOptions) => listen(options));
}

/** Where a product's key comes from and where its stream opens. */
interface Door {
  readonly listenKeyPath: string;
  readonly streamPath: string;
}

/** By product: every one that has events on a socket of its own, opened with a listenKey. */
const doors: ReadonlyMap<string, Door> = (() => {
  const { endpoints, reads } = rulesAsOf('latest');
  const starts = [...endpoints.values()]
    .flatMap((verbs) => [...verbs.values()])
    .filter(({ operation }) => operation === 'userDataStream.start');
  const rows = [...reads].flatMap(([streamPath, byKey]) =>
    starts.flatMap(({ product, path }): [string, Door][] => {
      const read = byKey.get(product);
      return read === undefined || read.legacy ? [] : [[read.scope, { listenKeyPath: path, streamPath }]];
    }),
  );
  return new Map(rows);
})();

async function listen(options: ListenOptions): Promise<never> {
  const door = doors.get(options.product) as Door;
  for (;;) {
    const listenKey = await askForKey(options, door);
    const keepalive = setInterval(() => void extend(options, door), KEEPALIVE_EVERY_MS);
    await printUntilExpired(options, door, listenKey);
    clearInterval(keepalive);
    tell('the listenKey expired; going on with a new one');
  }
}

async function askForKey(options: ListenOptions, door: Door): Promise<string> {
  const { listenKey, msg } = await call('POST', options, door);
  if (listenKey !== undefined) return listenKey;
  throw new CommandError(`${options.url} gave no listenKey: ${msg ?? 'its answer is not one of a Listenpost server'}`);
}

async function extend(options: ListenOptions, door: Door): Promise<void> {
  const { msg } = await call('PUT', options, door).catch((error: Error) => ({ msg: error.message }));
  if (msg !== undefined) tell(`the listenKey was not extended: ${msg}`);
}

interface Answer {
  readonly listenKey?: string;
  readonly msg?: string;
}

async function call(method: 'POST' | 'PUT', options: ListenOptions, door: Door): Promise<Answer> {
  const url = `${options.url}${door.listenKeyPath}`;
  const apiKey = options.apiKey ?? demoKeys.get(options.account) ?? '';
  const request = { method, headers: { 'x-mbx-apikey': apiKey }, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
  const response = await fetch(url, request).catch((error: unknown) => {
    throw unreachable(options.url, error);
  });
  return response.json().catch(() => ({})) as Promise<Answer>;
}

/** Resolves when the key's end was announced. */
function printUntilExpired(options: ListenOptions, door: Door, listenKey: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}${door.streamPath}/ws/${listenKey}`);
    socket.onopen = () => tell(`listening to ${options.product} at ${options.url} (Ctrl-C ends)`);
    socket.onmessage = ({ data }) => {
      print(String(data)).catch(reject);
      if (process.stdout.writableLength > UNREAD_BYTES_MAX) reject(new CommandError('stdout is read too slowly'));
      if (isExpiry(String(data))) {
        socket.onclose = null;
        socket.close();
        resolve();
      }
    };
    socket.onclose = ({ code, reason }) => {
      reject(new CommandError(`the server closed the connection: ${code}${reason === '' ? '' : ` ${reason}`}`));
    };
  });
}

function isExpiry(frame: string): boolean {
  return (JSON.parse(frame) as { readonly e?: string }).e === 'listenKeyExpired';
}
