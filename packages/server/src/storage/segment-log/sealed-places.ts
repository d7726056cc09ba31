/** Where the frames of a run's events are: in memory, or in the index file of its sealed segment. */
import { join } from 'node:path';
import { Malformed } from './bytes.ts';
import { damaged } from './damage.ts';
import type { Files } from './files.ts';
import { readOffsets } from './index.ts';
import { indexName, type Run } from './segment.ts';

/** Places kept of sealed runs: about a million events' worth. */
const CACHE_BYTES = 4 * 1024 * 1024;

export class SealedPlaces {
  readonly #files: Files;
  readonly #folder: string;
  /** The places in sealed runs that were asked for last, the oldest first. */
  readonly #cache = new Map<Run, Uint32Array>();
  #cacheBytes = 0;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  async of(run: Run): Promise<ArrayLike<number>> {
    if (run.offsets !== undefined) return run.offsets;
    const cached = this.#cache.get(run);
    if (cached !== undefined) {
      this.#cache.delete(run);
      this.#cache.set(run, cached);
      return cached;
    }
    const places = await this.#read(run);
    if (!this.#cache.has(run)) this.#cacheBytes += places.byteLength;
    this.#cache.set(run, places);
    for (const [oldest, dropped] of this.#cache) {
      if (this.#cacheBytes <= CACHE_BYTES) break;
      this.#cache.delete(oldest);
      this.#cacheBytes -= dropped.byteLength;
    }
    return places;
  }

  async #read(run: Run): Promise<Uint32Array> {
    try {
      return await readOffsets(this.#files, this.#folder, run);
    } catch (error) {
      if (error instanceof Malformed)
        throw damaged(join(this.#folder, indexName(run.segment.number)), run.blockAt, error.message);
      throw error;
    }
  }
}
