/** What a read has found so far. */
import type { JournalRecord } from '@listenpost/core';
import { textOf } from './bytes.ts';
import type { Item } from './frame.ts';
import type { Run } from './segment.ts';

export class Taken {
  readonly records: JournalRecord[] = [];
  /** Whether the next event would have passed the bound. */
  full = false;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of bodies that still find room. */
  get room(): number {
    return this.#bytesMax - this.#bytes;
  }

  /** Events of the run among these items, from `sequence` up to `last`; gives how many it took. */
  take({ number, stream }: Run, items: readonly Item[], bytes: Buffer, sequence: number, last: number): number {
    let next = sequence;
    for (const item of items) {
      if (item.kind !== 'event' || item.number !== number || item.sequence !== next || next > last) continue;
      const { type, body } = item;
      this.#bytes += body.end - body.at;
      this.full = this.#bytes > this.#bytesMax && this.records.length > 0;
      if (this.full) break;
      this.records.push({ stream, type: textOf(bytes, type), body: textOf(bytes, body), sequence: next });
      next += 1;
    }
    return next - sequence;
  }
}
