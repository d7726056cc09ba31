/** Reads of one stream: which frames hold it, read from their segments and checked before anything is served. */

import { join } from 'node:path';
import { JournalError, type JournalRecord, type JournalSlice } from '@listenpost/core';
import { Malformed, textOf } from './bytes.ts';
import { damaged } from './damage.ts';
import { type Files, isMissing, type OpenFile } from './files.ts';
import type { Item } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameShelf, type ShelvedFrame } from './frame-shelf.ts';
import { readOffsets } from './index.ts';
import { indexName, type Run, segmentPath } from './segment.ts';
import type { StreamState } from './streams.ts';

/** Places kept of sealed runs: about a million events' worth. */
const CACHE_BYTES = 4 * 1024 * 1024;
/** Frames kept: what a few thousand streams wrote within a second or so. */
const SHELF_BYTES = 32 * 1024 * 1024;

export class StreamReader {
  readonly #files: Files;
  readonly #folder: string;
  /** The places in sealed runs that were asked for last, the oldest first. */
  readonly #cache = new Map<Run, Uint32Array>();
  #cacheBytes = 0;
  readonly #shelf = new FrameShelf(SHELF_BYTES);

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  async read(state: StreamState, from: number, limit: number, bytesMax: number): Promise<JournalSlice> {
    for (;;) {
      const { epoch, first, committed: last } = state;
      const start = Math.max(from, first);
      const end = Math.min(last, start + limit - 1);
      const runs = state.runs.filter((run) => run.first <= end && run.first + run.count > start);
      try {
        const taken = new Taken(bytesMax);
        for (const run of runs) {
          if (!taken.full) await this.#readRun(run, Math.max(start, run.first), end, taken);
        }
        // What was on the shelf costs no turn of the event loop, and a loop of reads must not starve the others.
        if (taken.records.length > 0 && !taken.asked) await new Promise((resolve) => setImmediate(resolve));
        return { epoch, records: taken.records, first, last };
      } catch (error) {
        // Retention took a segment away in the middle of this: the stream now begins later.
        if (runs.some((run) => run.segment.dropped)) continue;
        throw this.#named(error);
      }
    }
  }

  async #readRun(run: Run, start: number, end: number, taken: Taken): Promise<void> {
    const last = Math.min(end, run.first + run.count - 1);
    const offsets = run.offsets ?? (await this.#sealedOffsets(run));
    const path = segmentPath(this.#folder, run.segment.number);
    const window = windowBytes(offsets, start - run.first, last - run.first);
    let file: OpenFile | undefined;
    let reader: FrameReader | undefined;
    try {
      for (let sequence = start; sequence <= last && !taken.full; ) {
        const at = offsets[sequence - run.first] as number;
        let shelved = this.#shelf.get(run.segment.number, at);
        if (shelved === undefined) {
          taken.asked = true;
          file ??= await this.#files.open(path, 'read');
          reader ??= new FrameReader(file, run.segment.length, window);
          shelved = await this.#shelve(reader, run, path, at);
        }
        const found = taken.take(run, shelved.frame.items, shelved.bytes, sequence, last);
        if (found === 0 && !taken.full) throw damaged(path, at, `the frame does not hold ${run.stream} ${sequence}`);
        sequence += found;
      }
    } finally {
      await file?.close();
    }
  }

  async #shelve(reader: FrameReader, { segment }: Run, path: string, at: number): Promise<ShelvedFrame> {
    const outcome = await reader.frameAt(at);
    if (outcome.kind === 'frame') return this.#shelf.put(segment.number, at, outcome.frame, outcome.bytes);
    throw damaged(path, at, outcome.kind === 'bad' ? outcome.problem : 'the file ends');
  }

  async #sealedOffsets(run: Run): Promise<Uint32Array> {
    const cached = this.#cache.get(run);
    if (cached !== undefined) {
      this.#cache.delete(run);
      this.#cache.set(run, cached);
      return cached;
    }
    const offsets = await readSealed(this.#files, this.#folder, run);
    if (!this.#cache.has(run)) this.#cacheBytes += offsets.byteLength;
    this.#cache.set(run, offsets);
    for (const [oldest, places] of this.#cache) {
      if (this.#cacheBytes <= CACHE_BYTES) break;
      this.#cache.delete(oldest);
      this.#cacheBytes -= places.byteLength;
    }
    return offsets;
  }

  #named(error: unknown): unknown {
    if (error instanceof JournalError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    if (isMissing(error))
      return new JournalError('corrupt', `A file of the journal is missing: ${reason}.`, { cause: error });
    return new JournalError('failed', `Reading the journal in ${this.#folder} failed: ${reason}.`, { cause: error });
  }
}

async function readSealed(files: Files, folder: string, run: Run): Promise<Uint32Array> {
  try {
    return await readOffsets(files, folder, run);
  } catch (error) {
    if (error instanceof Malformed)
      throw damaged(join(folder, indexName(run.segment.number)), run.blockAt, error.message);
    throw error;
  }
}

/** What a read has found so far. */
class Taken {
  readonly records: JournalRecord[] = [];
  /** Whether a disk was asked. */
  asked = false;
  /** Whether the next event would have passed the bound. */
  full = false;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Events of the run in this frame from `sequence` up to `last`; gives how many it took. */
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

const WINDOW_BYTES_MIN = 4 * 1024;
const WINDOW_BYTES_MAX = 256 * 1024;

/** Frames that lie close together are read at once; frames far apart are not worth what lies between them. */
function windowBytes(offsets: ArrayLike<number>, from: number, to: number): number {
  const apart = ((offsets[to] as number) - (offsets[from] as number)) / Math.max(1, to - from);
  return apart > 4 * WINDOW_BYTES_MIN ? WINDOW_BYTES_MIN : WINDOW_BYTES_MAX;
}
