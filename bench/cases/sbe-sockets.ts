import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEvent, SPOT_3_5 } from '@listenpost/protocol';
import { eventFrame, eventOpening } from '../../packages/core/src/data/envelope.ts';
import { type Case, type Context, type Figures, medians, type Row } from '../case.ts';
import { ApiSockets, type Payload } from '../load/api-sockets.ts';
import { nowUs } from '../load/clock.ts';
import { accountId } from '../load/event.ts';
import { OPCODE } from '../load/frames.ts';
import { HttpConnection } from '../load/http.ts';
import type { BenchServer } from '../server.ts';
import { startServer } from '../stage.ts';
import { askTokens, SYMBOLS } from '../tokens.ts';

const SOCKETS = 500;
const EVENTS_PER_REQUEST = 16;
const VALIDITY_MS = 3_600_000;
const WARM_MS = 2000;
const TURN_MS = 250;

const FIXTURE = join(import.meta.dirname, '..', '..', 'tests', 'conformance', 'spot', 'executionReport.json');
const FILL = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as { cases: { event: object }[] }).cases[0]?.event;

/** The number stands in `i`, which both forms carry: blanks and digits in JSON, an integer in SBE. */
const DIGITS = 10;
const bodyOf = (number: number): string => {
  const { e, i: _, ...rest } = FILL as { e: string; i: number };
  return `{"e":"${e}","i":${String(number).padStart(DIGITS)},${JSON.stringify(rest).slice(1)}`;
};

function jsonPayload(): Payload {
  const frame = Buffer.from(eventFrame(eventOpening(0), bodyOf(1)));
  const at = frame.indexOf('"i":') + 4;
  const numberAt = (bytes: Buffer, start: number) => Number(bytes.toString('latin1', start + at, start + at + DIGITS));
  return { query: '', opcode: OPCODE.text, bytes: frame.length, numberAt };
}

function sbePayload(): Payload {
  const MARK = 0x01020304;
  const frame = Buffer.from(encodeEvent(SPOT_3_5.version, bodyOf(MARK)));
  const at = frame.indexOf(Buffer.from([4, 3, 2, 1, 0, 0, 0, 0]));
  const query = `?responseFormat=sbe&sbeSchemaId=${SPOT_3_5.schemaId}&sbeSchemaVersion=${SPOT_3_5.version}`;
  return {
    query,
    opcode: OPCODE.binary,
    bytes: frame.length,
    numberAt: (bytes, start) => bytes.readUInt32LE(start + at),
  };
}

/** A stream that every socket of one encoding reads. */
class Audience {
  readonly sockets: ApiSockets;
  readonly #scope: string;
  readonly #server: BenchServer;
  #published = 0;

  constructor(server: BenchServer, symbol: string, payload: Payload) {
    this.#server = server;
    this.#scope = `isolated:${symbol}`;
    this.sockets = new ApiSockets(server.http, payload);
  }

  /** Publishes for so long, the next request when the last one has reached every socket. */
  async during(ms: number): Promise<Figures> {
    const { sockets } = this;
    const failed = Promise.withResolvers<never>();
    const connection = await HttpConnection.open(new URL(this.#server.admin), () => undefined, failed.reject);
    const before = { us: nowUs(), cpuNs: this.#server.cpuNs(), delivered: sockets.delivered, bytes: sockets.bytes };
    const done = Promise.withResolvers<void>();
    const next = () => {
      if (sockets.delivered < this.#published * sockets.size) return;
      if (nowUs() - before.us >= ms * 1000) done.resolve();
      else connection.send(this.#request());
    };
    sockets.read = next;
    next();
    await Promise.race([done.promise, failed.promise]);
    sockets.read = () => undefined;
    const [us, cpuNs] = [nowUs() - before.us, this.#server.cpuNs() - before.cpuNs];
    connection.close();
    const delivered = sockets.delivered - before.delivered;
    return {
      eventsPerS: (delivered * 1e6) / us,
      bytesPerEvent: (sockets.bytes - before.bytes) / delivered,
      cpuPerEventUs: cpuNs / 1000 / delivered,
      serverShare: cpuNs / 1000 / us,
      faulty: sockets.faulty,
    };
  }

  #request(): Buffer {
    const line = () => `{"account":"${accountId(0)}","scope":"${this.#scope}","event":${bodyOf(++this.#published)}}\n`;
    const body = Array.from({ length: EVENTS_PER_REQUEST }, line).join('');
    const head = `POST /admin/v1/events HTTP/1.1\r\nHost: ${new URL(this.#server.admin).host}\r\n`;
    return Buffer.from(`${head}Content-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }
}

interface Round {
  readonly json: Figures;
  readonly sbe: Figures;
}

/** Short turns in the order of a palindrome: whatever else the machine does, and whatever drifts, falls on both. */
async function round(json: Audience, sbe: Audience): Promise<Round> {
  const turns = [];
  for (const audience of [json, sbe, sbe, json]) turns.push(await audience.during(TURN_MS));
  const [first, second, third, fourth] = turns as [Figures, Figures, Figures, Figures];
  return { json: mean(first, fourth), sbe: mean(second, third) };
}

const mean = (one: Figures, other: Figures): Figures =>
  Object.fromEntries(Object.entries(one).map(([name, value]) => [name, (value + (other[name] ?? value)) / 2]));

async function run(context: Context): Promise<Row[]> {
  const symbols = SYMBOLS.slice(0, 2);
  const server = await startServer(context, { accounts: 1, scopes: 'all', symbols });
  const audiences = [jsonPayload(), sbePayload()].map(
    (payload, nth) => new Audience(server, symbols[nth] ?? '', payload),
  );
  const [json, sbe] = audiences as [Audience, Audience];
  try {
    const tokens = await askTokens(
      server,
      symbols.map((symbol) => ({ account: 0, symbol, validityMs: VALIDITY_MS })),
    );
    context.progress(`opening ${SOCKETS} sockets of JSON and as many of SBE`);
    for (const [nth, { sockets }] of audiences.entries()) await sockets.connect(SOCKETS, tokens[nth]?.token ?? '');
    for (const audience of audiences) await audience.during(WARM_MS);
    const rounds: Round[] = [];
    for (let nth = 0; nth < (context.quick ? 8 : 40); nth++) rounds.push(await round(json, sbe));
    for (const { sockets } of audiences)
      if (sockets.example !== undefined) context.progress(`FAULTY: ${sockets.example}`);
    return [
      { step: 'a fill to 500 sockets, JSON', figures: medians(rounds.map((each) => each.json)) },
      { step: `the same, SBE 3:${SPOT_3_5.version}`, figures: medians(rounds.map((each) => each.sbe)) },
      { step: 'SBE to JSON, round by round', figures: medians(rounds.map(ratios)) },
    ];
  } finally {
    for (const { sockets } of audiences) sockets.close();
    await server.stop();
  }
}

function ratios({ json, sbe }: Round): Figures {
  const of = (name: string) => (sbe[name] ?? Number.NaN) / (json[name] ?? Number.NaN);
  return { bytesPerEvent: of('bytesPerEvent'), cpuPerEventUs: of('cpuPerEventUs') };
}

export const sbeSockets: Case = {
  name: 'sbe-sockets',
  title: 'One stream read by many sockets: JSON and SBE by turns on one server, `executionReport` of a fill',
  run,
};
