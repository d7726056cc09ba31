/**
 * The event that is published and looked for: a valid USDⓈ-M `ORDER_TRADE_UPDATE` of 650 bytes with three more top-level
 * fields, by which each delivery is checked: `ts` when it was due to be sent, `ac` whose it is, `sq` its number in that
 * account. They stand first and in fixed places, so that stamping and reading an event is digits and no JSON.
 */
import { nowUs, STAMP_DIGITS } from './clock.ts';

const ACCOUNT_DIGITS = 8;
const SEQUENCE_DIGITS = 10;
const EVENT_BYTES = 650;
/** Where the event stands in a wrapped frame of a listenKey of 64 characters. */
const WRAPPED_AT = '{"stream":"'.length + 64 + '","data":'.length;

const STAMP_NAME = '{"e":"ORDER_TRADE_UPDATE","ts":';
const ACCOUNT_NAME = ',"ac":';
const SEQUENCE_NAME = ',"sq":';

const STAMP_AT = STAMP_NAME.length;
const ACCOUNT_AT = STAMP_AT + STAMP_DIGITS + ACCOUNT_NAME.length;
const SEQUENCE_AT = ACCOUNT_AT + ACCOUNT_DIGITS + SEQUENCE_NAME.length;

const ORDER = {
  ...{ s: 'BTCUSDT', S: 'SELL', o: 'TRAILING_STOP_MARKET', f: 'GTC', q: '0.001', p: '0', ap: '0', sp: '7103.04' },
  ...{ x: 'NEW', X: 'NEW', i: 8886774, l: '0', z: '0', L: '0', n: '0', N: 'USDT', T: 1568879465650, t: 0, b: '0' },
  ...{ a: '9.91', m: false, R: false, wt: 'CONTRACT_PRICE', ot: 'TRAILING_STOP_MARKET', ps: 'LONG', cp: false },
  ...{ AP: '7476.89', cr: '5.0', pP: false, si: 0, ss: 0, rp: '0', V: 'EXPIRE_TAKER', pm: 'OPPONENT', gtd: 0, er: '0' },
};

/** The event of one account, with its stamp and sequence still to be written. */
function eventText(account: number): string {
  const opening = `${STAMP_NAME}${' '.repeat(STAMP_DIGITS)}${ACCOUNT_NAME}${String(account).padStart(ACCOUNT_DIGITS)}`;
  const numbered = `${opening}${SEQUENCE_NAME}${' '.repeat(SEQUENCE_DIGITS)}`;
  const rest = (c: string) => `${numbered},"E":1568879465651,"T":1568879465650,"o":${JSON.stringify({ ...ORDER, c })}}`;
  return rest('order-'.padEnd(EVENT_BYTES - rest('').length, '0123456789'));
}

/** A published line of one account, ready to be copied and stamped. */
export class Line {
  readonly #bytes: Buffer;
  readonly #eventAt: number;
  #sequence = 0;

  constructor(account: number) {
    const opening = `{"account":"${accountId(account)}","scope":"usdm","event":`;
    this.#eventAt = opening.length;
    this.#bytes = Buffer.from(`${opening}${eventText(account)}}\n`);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Writes the account's next event at `at`; gives the place behind it. */
  write(into: Buffer, at: number, stampUs: number): number {
    into.set(this.#bytes, at);
    const event = at + this.#eventAt;
    writeNumber(into, event + STAMP_AT, STAMP_DIGITS, stampUs);
    writeNumber(into, event + SEQUENCE_AT, SEQUENCE_DIGITS, ++this.#sequence);
    return at + this.#bytes.length;
  }
}

export const accountId = (account: number) => `a${account}`;

/** The longest line there is. */
export const LINE_BYTES_MAX = EVENT_BYTES + 80;

/** Digits from the right; what stands to their left is blank already. */
function writeNumber(into: Buffer, at: number, width: number, value: number): void {
  let rest = value;
  for (let place = at + width - 1; rest > 0 || place === at + width - 1; place--) {
    const tenth = Math.floor(rest / 10);
    into[place] = 48 + rest - tenth * 10;
    rest = tenth;
  }
}

/** Reads blanks as zeroes: both have nothing in their low bits. */
function readNumber(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let place = at; place < at + width; place++) value = value * 10 + ((bytes[place] as number) & 15);
  return value;
}

/** What is read of one delivered event. One object is filled again and again: deliveries are too many for one each. */
export class Delivery {
  stampUs = 0;
  account = 0;
  sequence = 0;

  /**
   * Reads the event that stands between `start` and `end`. False when there is none. Servers that wrap the event or write it
   * anew are read too, more slowly.
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (end - start === EVENT_BYTES && isLaidOut(bytes, start)) return this.#fill(bytes, start);
    const wrapped = start + WRAPPED_AT;
    if (end - wrapped > EVENT_BYTES && isLaidOut(bytes, wrapped)) return this.#fill(bytes, wrapped);
    return this.#search(bytes.toString('latin1', start, end));
  }

  #fill(bytes: Buffer, start: number): true {
    this.stampUs = readNumber(bytes, start + STAMP_AT, STAMP_DIGITS);
    this.account = readNumber(bytes, start + ACCOUNT_AT, ACCOUNT_DIGITS);
    this.sequence = readNumber(bytes, start + SEQUENCE_AT, SEQUENCE_DIGITS);
    return true;
  }

  #search(text: string): boolean {
    const match = /"ts": *(\d+),.*?"ac": *(\d+),.*?"sq": *(\d+)/.exec(text);
    if (match === null) return false;
    this.stampUs = Number(match[1]);
    this.account = Number(match[2]);
    this.sequence = Number(match[3]);
    return true;
  }
}

/** The last two letters and the colon of each of the three names, where they belong. */
function isLaidOut(bytes: Buffer, start: number): boolean {
  return (
    isName(bytes, start + STAMP_AT, 0x74, 0x73) &&
    isName(bytes, start + ACCOUNT_AT, 0x61, 0x63) &&
    isName(bytes, start + SEQUENCE_AT, 0x73, 0x71)
  );
}

function isName(bytes: Buffer, valueAt: number, first: number, second: number): boolean {
  return bytes[valueAt - 4] === first && bytes[valueAt - 3] === second && bytes[valueAt - 1] === 0x3a;
}

/** One event as it is delivered, for tests and for measuring the load itself. */
export function sampleEvent(account: number): Buffer {
  const line = new Line(account);
  const bytes = Buffer.alloc(line.length);
  line.write(bytes, 0, nowUs());
  return bytes.subarray(bytes.indexOf('{"e":'), bytes.length - 2);
}
