/**
 * The live tail: every event of chosen streams as it becomes durable, one JSON line each, for as long as the reader listens.
 *
 * An answer over HTTP rather than a WebSocket: pages cannot give a WebSocket a token, and `curl -N` reads it as it is.
 */
import type { House, JournalRecord } from '@listenpost/core';
import { printPosition } from '@listenpost/protocol';
import type { AdminContext } from './admin-api.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

export const getTail: Route = {
  method: 'GET',
  path: '/admin/v1/tail',
  role: 'read',
  patient: true,
  handle({ request, url }, context) {
    const wanted = filterOf(url.searchParams);
    if (context.tails.size >= TAILS_MAX) {
      throw new Refusal(503, `${TAILS_MAX} tails are open already; close one`, { headers: { 'Retry-After': '5' } });
    }
    const tail = new Tail(context, wanted);
    request.signal.addEventListener('abort', () => tail.release(), { once: true });
    return new Response(tail.body, { headers: HEADERS });
  },
};

const HEADERS = {
  'Content-Type': 'application/x-ndjson; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** Each looks at every event there is, on the event loop that delivers them. */
const TAILS_MAX = 16;

/** What waits for a reader, in bytes: some 6,000 events of the usual size, as for a client's socket. */
const OUTBOX_BYTES_MAX = 4 * 1024 * 1024;

/** An empty line this often, in machine time, so that neither side takes silence for the other's death. */
const HEARTBEAT_MS = 15_000;

/** The last line of a tail that the server ends: `{"end":{"name","reason"}}`. */
const TAIL_ENDS = {
  tooSlow: 'events came faster than they were read; narrow the filter, and read what is missing from the journal',
  shutdown: 'the server is stopping',
} as const;

interface TailFilter {
  readonly accounts: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  /** In lower case; what the event's own text must hold. */
  readonly text: string | undefined;
}

const PARAMETERS = ['account', 'scope', 'type', 'text'];

/** A name several times, or several with commas. An unknown parameter would be a filter that lets everything through. */
function filterOf(parameters: URLSearchParams): TailFilter {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) throw new Refusal(400, `${name}: unknown; take one of ${PARAMETERS.join(', ')}`);
  }
  const all = (name: string) => new Set(parameters.getAll(name).flatMap((text) => text.split(',').filter(Boolean)));
  const text = parameters.get('text')?.toLowerCase();
  return { accounts: all('account'), scopes: all('scope'), types: all('type'), text: text === '' ? undefined : text };
}

const ENCODER = new TextEncoder();

/** One reader of the tail. */
export class Tail {
  readonly body: ReadableStream<Uint8Array>;
  readonly #context: AdminContext;
  readonly #filter: TailFilter;
  readonly #untap: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #outbox: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(context: AdminContext, filter: TailFilter) {
    this.#context = context;
    this.#filter = filter;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (outbox) => {
          this.#outbox = outbox;
        },
        cancel: () => this.release(),
      },
      { highWaterMark: OUTBOX_BYTES_MAX, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    context.tails.add(this);
    this.#untap = context.house.router.tap((records) => this.#look(records));
    this.#heartbeat = setInterval(() => this.#send('\n'), HEARTBEAT_MS);
    // The answer's head leaves with its first bytes: whoever has it knows that nothing from here on is missed.
    this.#send('\n');
  }

  end(name: keyof typeof TAIL_ENDS): void {
    const outbox = this.#outbox;
    this.release();
    outbox?.enqueue(ENCODER.encode(`${JSON.stringify({ end: { name, reason: TAIL_ENDS[name] } })}\n`));
    outbox?.close();
  }

  /** Nobody reads any more. */
  release(): void {
    this.#outbox = undefined;
    this.#untap();
    clearInterval(this.#heartbeat);
    this.#context.tails.delete(this);
  }

  /** What a commit brought leaves in one piece. */
  #look(records: readonly JournalRecord[]): void {
    const { house } = this.#context;
    let lines = '';
    for (const record of records) if (this.#wants(record)) lines += lineOf(record, house);
    if (lines !== '') this.#send(lines);
  }

  #send(text: string): void {
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    if ((outbox.desiredSize ?? 0) <= 0) this.end('tooSlow');
    else outbox.enqueue(ENCODER.encode(text));
  }

  #wants({ stream, type, body }: JournalRecord): boolean {
    const { accounts, scopes, types, text } = this.#filter;
    if (types.size > 0 && !types.has(type)) return false;
    const slash = stream.indexOf('/');
    if (accounts.size > 0 && !accounts.has(stream.slice(0, slash))) return false;
    if (scopes.size > 0 && !scopes.has(stream.slice(slash + 1))) return false;
    return text === undefined || body.toLowerCase().includes(text);
  }
}

/** The event in its own text; `at` is when it became durable, in ms of the server's clock. */
function lineOf({ stream, sequence, type, body }: JournalRecord, { journal, clock }: House): string {
  const slash = stream.indexOf('/');
  const epoch = journal.head(stream)?.epoch;
  if (epoch === undefined) throw new Error(`${stream} has an event and no head`);
  const head = {
    account: stream.slice(0, slash),
    scope: stream.slice(slash + 1),
    position: printPosition({ epoch, sequence }),
    type,
    at: clock.now(),
  };
  // The body may be published with line breaks between its members; in JSON they are blanks.
  return `${JSON.stringify(head).slice(0, -1)},"event":${body.replaceAll(/[\r\n]/g, ' ')}}\n`;
}
