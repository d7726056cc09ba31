import { AdmissionError, type AppendResult, admitEvent, type House, type NewEvent } from '@listenpost/core';
import { type IngestLine, IngestLineError, parseIngestLine } from './ingest-line.ts';
import { Producers } from './producers.ts';
import { Refusal } from './refusal.ts';

/** What makes sending the same again safe. */
export type Retry =
  | { readonly kind: 'none' }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'producer'; readonly producer: string };

export interface Accepted {
  /** Lines that are durable now, those that were already among them. */
  readonly accepted: number;
  /** Lines that the named producer had sent before; nothing was appended for them. */
  readonly duplicates: number;
  /** Stream → printed position of the last event appended in it. */
  readonly last: ReadonlyMap<string, string>;
  /** Whether this answers a repeated Idempotency-Key. */
  readonly repeated: boolean;
}

/** What the lines of one body came to, before anything is appended. */
interface Batch {
  lines: number;
  readonly events: NewEvent[];
  /** Up to here the named producer's lines are durable, and up to here they are at least being written. */
  readonly stored: number;
  readonly taken: number;
  /** The highest count of all that is taken, these lines included. */
  highestN: number;
  duplicates: number;
  /** Whether one of the duplicates is still being written. */
  awaitsInFlight: boolean;
}

/**
 * The source of the data hallway: text in, one `journal.append` out. All lines of one body are taken or none.
 *
 * `publish` parses, admits and appends before it returns, so bodies reach the journal in the order of the calls; only the
 * answer is waited for.
 */
export class Intake {
  readonly #house: House;
  readonly #producers: Producers;

  constructor(house: House) {
    this.#house = house;
    this.#producers = new Producers(house.journal);
  }

  /**
   * NDJSON, or one JSON object spread over lines: whichever the text is. Throws and rejects as `publishLines`.
   */
  publish(text: string, retry: Retry): Promise<Accepted> {
    return this.#append(this.#linesOrOneObject(text, retry), retry);
  }

  /**
   * NDJSON. Resolves once all of it is durable. Throws `Refusal` naming the line at fault; rejects with `JournalError`.
   * Nothing was appended either way.
   */
  publishLines(text: string, retry: Retry): Promise<Accepted> {
    return this.#append(this.#lines(text, retry), retry);
  }

  /** Lines first: what is published most pays for one look only. */
  #linesOrOneObject(text: string, retry: Retry): Batch {
    try {
      return this.#lines(text, retry);
    } catch (cause) {
      if (!isBroken(cause) || !isJson(text)) throw cause;
      const batch = this.#emptyBatch(retry);
      this.#take(batch, retry, text, 0, text.length, 1);
      return batch;
    }
  }

  #lines(text: string, retry: Retry): Batch {
    const batch = this.#emptyBatch(retry);
    let start = 0;
    for (let line = 1; start < text.length; line++) {
      const newline = text.indexOf('\n', start);
      const end = newline < 0 ? text.length : newline;
      if (!isBlank(text, start, end)) this.#take(batch, retry, text, start, end, line);
      start = end + 1;
    }
    if (batch.lines > 0) return batch;
    throw new Refusal(400, 'empty; expected a JSON object {"account","scope","event"} on each line', { line: 1 });
  }

  #emptyBatch(retry: Retry): Batch {
    const named = retry.kind === 'producer';
    const stored = named ? this.#producers.stored(retry.producer) : 0;
    const taken = named ? this.#producers.taken(retry.producer) : 0;
    return { lines: 0, events: [], stored, taken, highestN: taken, duplicates: 0, awaitsInFlight: false };
  }

  #take(batch: Batch, retry: Retry, text: string, start: number, end: number, line: number): void {
    try {
      const parsed = parseIngestLine(text, start, end);
      batch.lines++;
      if (parsed.n !== undefined && isDuplicate(batch, retry, parsed.n)) return;
      batch.events.push(this.#admit(parsed));
    } catch (cause) {
      if (!(cause instanceof IngestLineError) && !(cause instanceof AdmissionError)) throw cause;
      throw new Refusal(400, cause.message, { line, cause });
    }
  }

  #admit({ account, scope, body, event }: IngestLine): NewEvent {
    return admitEvent(this.#house, account, scope, body, event);
  }

  async #append(batch: Batch, retry: Retry): Promise<Accepted> {
    const { lines, duplicates } = batch;
    // Both are begun before either is waited for: waiting first would let a later body overtake this one.
    const earlier = batch.awaitsInFlight && retry.kind === 'producer' ? this.#producers.settled(retry.producer) : null;
    const append = batch.events.length === 0 ? null : this.#appendEvents(batch, retry);
    const [, result] = await Promise.all([earlier, append]);
    if (result === null) return { accepted: lines, duplicates, last: NOWHERE, repeated: false };
    const accepted = result.repeated ? result.accepted : lines;
    return { accepted, duplicates, last: result.last, repeated: result.repeated };
  }

  #appendEvents({ events, taken, highestN }: Batch, retry: Retry): Promise<AppendResult> {
    switch (retry.kind) {
      case 'none':
        return this.#house.journal.append(events);
      case 'key':
        return this.#house.journal.append(events, { kind: 'key', key: retry.key });
      case 'producer':
        // Lines without a count move no mark.
        if (highestN === taken) return this.#house.journal.append(events);
        return this.#producers.append(retry.producer, highestN, events);
    }
  }
}

/** The answer to a body that was taken: `{"accepted":n,"last":{…}}`. */
export function acceptedBody({ accepted, duplicates, last }: Accepted): string {
  const more = duplicates === 0 ? '' : `,"duplicates":${duplicates}`;
  let positions = '';
  for (const [stream, position] of last) positions += `${positions && ','}${JSON.stringify(stream)}:"${position}"`;
  return `{"accepted":${accepted}${more},"last":{${positions}}}`;
}

const NOWHERE: ReadonlyMap<string, string> = new Map();

/**
 * Whether the line was taken before. A count that falls back within one body is refused: counted as a repetition by this
 * very append, its line would be lost.
 */
function isDuplicate(batch: Batch, retry: Retry, n: number): boolean {
  if (retry.kind !== 'producer') {
    throw new IngestLineError(
      'n: only a named producer counts its lines; add ?producer=<id> to the URL or leave n out',
    );
  }
  if (n <= batch.taken) {
    batch.duplicates++;
    batch.awaitsInFlight ||= n > batch.stored;
    return true;
  }
  if (n <= batch.highestN) {
    throw new IngestLineError(
      `n: expected more than ${batch.highestN}, which an earlier line of the body has; n grows`,
    );
  }
  batch.highestN = n;
  return false;
}

/** Whether a line was refused because it is no whole JSON: it may be a part of an object spread over lines. */
const isBroken = (cause: unknown): boolean =>
  cause instanceof Refusal && cause.cause instanceof IngestLineError && cause.cause.broken;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (text.charCodeAt(at) > 32) return false;
  return true;
}
