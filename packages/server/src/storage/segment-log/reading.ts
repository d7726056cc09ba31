/** Reads of one stream: a slice of what the journal holds of it, though retention drops segments meanwhile. */

import { JournalError, type JournalSlice } from '@listenpost/core';
import { EventReader, type ReadShelves } from './event-reader.ts';
import { type Files, isMissing } from './files.ts';
import { OpenSegments } from './open-segments.ts';
import { SealedPlaces } from './sealed-places.ts';
import type { StreamState } from './streams.ts';
import { Taken } from './taken.ts';

export class StreamReader {
  readonly #files: Files;
  readonly #folder: string;
  readonly #events: EventReader;

  constructor(files: Files, folder: string, shelves?: ReadShelves) {
    this.#files = files;
    this.#folder = folder;
    this.#events = new EventReader(new SealedPlaces(files, folder), shelves);
  }

  async read(state: StreamState, from: number, limit: number, bytesMax: number): Promise<JournalSlice> {
    for (;;) {
      const { epoch, first, committed: last } = state;
      const start = Math.max(from, first);
      const end = Math.min(last, start + limit - 1);
      const runs = state.runs.filter((run) => run.first <= end && run.first + run.count > start);
      const segments = new OpenSegments(this.#files, this.#folder);
      try {
        const taken = new Taken(bytesMax);
        await this.#events.take(runs, start, end, taken, segments);
        // What was held in memory costs no turn of the event loop, and a loop of reads must not starve the others.
        if (taken.records.length > 0 && segments.none) await new Promise((resolve) => setImmediate(resolve));
        return { epoch, records: taken.records, first, last };
      } catch (error) {
        // Retention took a segment away in the middle of this: the stream now begins later.
        if (runs.some((run) => run.segment.dropped)) continue;
        throw this.#named(error);
      } finally {
        await segments.close();
      }
    }
  }

  #named(error: unknown): unknown {
    if (error instanceof JournalError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    if (isMissing(error))
      return new JournalError('corrupt', `A file of the journal is missing: ${reason}.`, { cause: error });
    return new JournalError('failed', `Reading the journal in ${this.#folder} failed: ${reason}.`, { cause: error });
  }
}
