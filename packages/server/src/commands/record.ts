import { type FileHandle, open } from 'node:fs/promises';
import { nodeDoors } from '@listenpost/client';
import { type Command, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import {
  RECORDING_BYTES_MAX,
  RECORDING_VERSION,
  type RecordingHeader,
  type RecordingLine,
} from '../recording/format.ts';
import { Placeholders } from '../recording/placeholders.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { print, tell } from './output.ts';
import { recordingDoors } from './record/recording-doors.ts';
import {
  addStreamOptions,
  credentials,
  faultOfStream,
  leaveOnSignal,
  reach,
  type StreamOptions,
  streamOf,
  venueOf,
  warnOfSecretInView,
} from './stream-options.ts';

const EXAMPLES = `
Reads the stream as a bot with the SDK does, and writes what passed between it and the venue: every REST request and answer,
every handshake, every frame both ways, with its time. API keys, listenKeys, tokens and signatures are not in the file: names
such as {listenKey:1} stand for them. Balances, orders and ids are in it.

It ends on Ctrl-C, or when the file is full (16 MiB).

Examples:
  listenpost record --out fills.ndjson                             the emulator's demo account
  LISTENPOST_API_KEY=… listenpost record --venue production --product usdm --out monday.ndjson
  listenpost replay monday.ndjson --speed 10x                      and let your bot read it
`;

interface RecordOptions extends StreamOptions {
  readonly out: string;
}

export function addRecordCommand(program: Command): void {
  const command = program
    .command('record')
    .description('write down a live stream, redacted, to replay it or test with it');
  addStreamOptions(command)
    .addOption(new Option('--out <file>', 'where to; an existing file is not overwritten').makeOptionMandatory())
    .addHelpText('after', EXAMPLES)
    .action((options: RecordOptions) => {
      warnOfSecretInView(command);
      return record(options);
    });
}

async function record(options: RecordOptions): Promise<void> {
  const scope = scopeOf(options);
  if (options.venue === undefined) await reach(options.url);
  const tape = new Tape(await created(options.out), options, scope);
  const over = new AbortController();
  const doors = recordingDoors(nodeDoors(), (line) => {
    if (!tape.write(line)) over.abort();
  });
  const stop = leaveOnSignal(over);
  const stream = streamOf(options, over.signal, { doors });
  let events = 0;
  stream.onStatus(({ verdict }) => tell(`the stream is ${verdict}`));
  try {
    for await (const item of stream) {
      if (!('state' in item)) events += 1;
    }
  } catch (error) {
    throw faultOfStream(error);
  } finally {
    stop();
    await stream.close();
    await tape.end();
  }
  await print(`${options.out}: ${events} events${tape.full ? '; it is full' : ''}`);
}

/** The file tells of one stream, so that its events say whose they are. */
function scopeOf({ product, symbols = [], cross }: RecordOptions): string {
  if (symbols.length + (cross ? 1 : 0) <= 1 && symbols[0] !== undefined) return `isolated:${symbols[0]}`;
  if (symbols.length === 0) return product;
  throw new CommandError('--symbols, --cross: a recording is of one account; name one symbol, or leave both out', 2);
}

async function created(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw new CommandError(sentenceOf(error, path), 2, { cause: error });
  }
}

class Tape {
  /** Whether something was left out for want of room. */
  full = false;
  readonly #file: FileHandle;
  readonly #placeholders: Placeholders;
  readonly #began = performance.now();
  #tail: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  constructor(file: FileHandle, options: RecordOptions, scope: string) {
    this.#file = file;
    const { apiKey, secret, privateKey, passphrase } = credentials(options);
    this.#placeholders = new Placeholders({ apiKey, secret, privateKey, passphrase });
    const venue = venueOf(options);
    const header: RecordingHeader = {
      recording: RECORDING_VERSION,
      product: options.product,
      scope,
      venue: typeof venue === 'string' ? venue : venue.name,
      startedAt: new Date().toISOString(),
      by: `listenpost ${manifest.version}`,
    };
    this.#append(header);
  }

  /** False when the file is full: nothing more is written then. */
  write(line: object): boolean {
    if (this.full) return false;
    return this.#append({ at: Math.round((performance.now() - this.#began) * 1000) / 1000, ...this.#redacted(line) });
  }

  async end(): Promise<void> {
    const at = Math.round((performance.now() - this.#began) * 1000) / 1000;
    const last: RecordingLine = { at, kind: 'end', reason: this.full ? 'the file was full' : 'stopped' };
    this.#put(`${JSON.stringify(last)}\n`);
    await this.#tail;
    await this.#file.close();
  }

  /** Each text by itself: what stands in a frame is JSON in JSON, whose quotes are escaped once more. */
  #redacted(line: object): object {
    return Object.fromEntries(
      Object.entries(line).map(([name, value]) => [
        name,
        typeof value === 'string' && REDACTED.has(name) ? this.#placeholders.redacted(value) : value,
      ]),
    );
  }

  #append(line: object): boolean {
    const text = `${JSON.stringify(line)}\n`;
    if (this.#bytes + Buffer.byteLength(text) + LAST_LINE_BYTES > RECORDING_BYTES_MAX) {
      this.full = true;
      return false;
    }
    this.#put(text);
    return true;
  }

  #put(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    this.#tail = this.#tail.then(() => this.#file.write(text));
    // Told by `end`, which waits for it.
    this.#tail.catch(() => undefined);
  }
}

/** Of the line that ends the file. */
const LAST_LINE_BYTES = 256;

const REDACTED: ReadonlySet<string> = new Set(['path', 'query', 'body', 'frame', 'reason', 'failed']);
