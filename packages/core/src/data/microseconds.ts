import { type EventField, type EventRow, eventRow, type ProductId } from '@listenpost/protocol';

/** Which members of an object are times (null), or hold some. */
type Times = ReadonlyMap<string, Times | null>;

const NO_TIMES: Times = new Map();
const compiled = new WeakMap<EventRow, Times>();

/**
 * An event's body with its times in microseconds: three zeros are put behind each time that its row names, and nothing else
 * is touched. An id under the name of a time (`liabilityChange.T`) is no time of its row; values below 1 stand for "none".
 * The body of an event that no row knows stays as it is.
 */
export function inMicroseconds(product: ProductId, type: string, body: string): string {
  const row = eventRow(product, type);
  const times = row === undefined ? NO_TIMES : timesOfRow(row);
  if (times.size === 0) return body;
  const scan = new TimeScan(body);
  scan.object(times);
  let text = '';
  let from = 0;
  for (const end of scan.ends) {
    text += `${body.slice(from, end)}000`;
    from = end;
  }
  return text + body.slice(from);
}

/** Makes the microsecond body of a record once for all who read it: they come one after the other. */
export class MicrosecondBodies {
  #body = '';
  #type = '';
  #product: ProductId | undefined;
  #text = '';

  of(product: ProductId, type: string, body: string): string {
    if (body !== this.#body || type !== this.#type || product !== this.#product) {
      this.#text = inMicroseconds(product, type, body);
      this.#body = body;
      this.#type = type;
      this.#product = product;
    }
    return this.#text;
  }
}

function timesOfRow(row: EventRow): Times {
  let times = compiled.get(row);
  if (times === undefined) {
    times = timesOf(row.fields);
    compiled.set(row, times);
  }
  return times;
}

function timesOf(fields: readonly EventField[]): Times {
  const times = new Map<string, Times | null>();
  for (const { name, time, fields: members } of fields) {
    const inner = timesOf(members);
    if (time) times.set(name, null);
    else if (inner.size > 0) times.set(name, inner);
  }
  return times;
}

const INSTANT = /^[1-9]\d*$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Walks a JSON text that was parsed before, so it is well-formed. It goes down only where the row has times; everything
 * else is stepped over without recursion, because published fields that nobody knows may be nested deeply.
 */
class TimeScan {
  /** Where each time's digits end. */
  readonly ends: number[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  object(times: Times): void {
    if (this.#next() !== '{') {
      this.#skip();
      return;
    }
    this.#at++;
    while (this.#next() !== '}') {
      if (this.#next() === ',') this.#at++;
      const name = this.#name();
      this.#next();
      this.#at++;
      this.#value(times.get(name));
    }
    this.#at++;
  }

  #value(times: Times | null | undefined): void {
    if (times === null) {
      this.#next();
      const from = this.#at;
      this.#skip();
      if (INSTANT.test(this.#text.slice(from, this.#at))) this.ends.push(this.#at);
    } else if (times === undefined) {
      this.#skip();
    } else if (this.#next() === '[') {
      this.#items(times);
    } else {
      this.object(times);
    }
  }

  #items(times: Times): void {
    this.#at++;
    while (this.#next() !== ']') {
      if (this.#next() === ',') this.#at++;
      this.object(times);
    }
    this.#at++;
  }

  #name(): string {
    this.#next();
    const from = this.#at;
    this.#string();
    const literal = this.#text.slice(from, this.#at);
    return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  }

  /** Steps over one value, whatever it is. */
  #skip(): void {
    let depth = 0;
    do {
      const first = this.#next();
      if (first === '"') this.#string();
      else if (first === '{' || first === '[') {
        depth++;
        this.#at++;
      } else if (first === '}' || first === ']') {
        depth--;
        this.#at++;
      } else if (first === ',' || first === ':') this.#at++;
      else this.#literal();
    } while (depth > 0);
  }

  #string(): void {
    let end = this.#at;
    let escaped: boolean;
    do {
      end = this.#text.indexOf('"', end + 1);
      let before = end - 1;
      while (this.#text.charCodeAt(before) === BACKSLASH) before--;
      escaped = (end - before) % 2 === 0;
    } while (escaped);
    this.#at = end + 1;
  }

  #literal(): void {
    while (this.#at < this.#text.length && !isDelimiter(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  /** The next character that is no white space, left in place. */
  #next(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** `,` `]` `}` `:`, a quote, or white space. */
const isDelimiter = (code: number): boolean =>
  code === 0x2c || code === 0x5d || code === 0x7d || code === 0x3a || code === QUOTE || isSpace(code);
