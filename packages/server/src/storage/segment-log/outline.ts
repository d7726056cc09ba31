/**
 * What is kept of a frame that was read whole and passed its checksum: where its events lie, and a CRC-32 of each. An event
 * can then be read without the frame around it, and is still refused when it has rotted since.
 */
import { crc32 } from 'node:zlib';
import type { Span } from './bytes.ts';
import { eventSpan, type Frame } from './frame.ts';

/** Of each event: the stream's number, its sequence in two, where it begins and ends in the frame, its CRC-32. */
const WORDS = 6;
const TWO_TO_32 = 0x1_0000_0000;
/** An outline without an event: measured, rounded up. */
const EMPTY_BYTES = 200;

export interface OutlinedEvent extends Span {
  readonly crc: number;
}

export class Outline {
  /** In one array: an array of its own for each field costs more than what most frames have in it. */
  readonly #words: Uint32Array;

  /** `bytes` is what the frame's spans point into; what it holds has been verified. */
  constructor({ items }: Frame, bytes: Buffer) {
    const events = items.filter((item) => item.kind === 'event');
    this.#words = new Uint32Array(events.length * WORDS);
    for (const [nth, event] of events.entries()) {
      const { at, end } = eventSpan(event);
      const { number, sequence } = event;
      const words = [number, sequence, Math.floor(sequence / TWO_TO_32), at, end, crc32(bytes.subarray(at, end))];
      // A word keeps the low 32 bits of what is put into it.
      this.#words.set(words, nth * WORDS);
    }
  }

  get byteLength(): number {
    return EMPTY_BYTES + this.#words.byteLength;
  }

  /** The stream's events from `first` to `last`, as far as the frame holds them. */
  eventsOf(number: number, first: number, last: number): OutlinedEvent[] {
    const words = this.#words;
    const events: OutlinedEvent[] = [];
    let next = first;
    for (let i = 0; i < words.length && next <= last; i += WORDS) {
      const sequence = (words[i + 1] as number) + (words[i + 2] as number) * TWO_TO_32;
      if (words[i] !== number || sequence !== next) continue;
      events.push({ at: words[i + 3] as number, end: words[i + 4] as number, crc: words[i + 5] as number });
      next += 1;
    }
    return events;
  }
}
