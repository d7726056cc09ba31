/**
 * Sealing: what happens to a segment after its last frame. It is cut to its frames, its index file is written, it is closed.
 * None of this is in the way of an append. An index file is derived: without it reads use the index in memory, and a start
 * reads the segment; so a disk that refuses it is no fault, and it is tried again later.
 */
import type { Files, OpenFile } from './files.ts';
import { writeIndex } from './index.ts';
import type { Segment } from './segment.ts';

/** A segment that is not written any more. */
interface Retired {
  readonly segment: Segment;
  /** Undefined when an earlier process wrote it, or once it is closed. */
  file: OpenFile | undefined;
}

export class Sealing {
  readonly #files: Files;
  readonly #folder: string;
  #waiting: Retired[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  add(segment: Segment, file: OpenFile | undefined): void {
    this.#waiting.push({ segment, file });
    this.#start();
  }

  /** Tries again what failed, and waits for all that is under way. */
  async retry(): Promise<void> {
    this.#start();
    await this.#running;
  }

  /** Segments that retention dropped need no index file any more. */
  async forgetDropped(): Promise<void> {
    const dropped = this.#waiting.filter(({ segment }) => segment.dropped);
    this.#waiting = this.#waiting.filter(({ segment }) => !segment.dropped);
    for (const { file } of dropped) await file?.close();
  }

  /** Waits for what is under way and lets go of what could not be sealed: the next start does it. */
  async close(): Promise<void> {
    await this.#running;
    for (const { file } of this.#waiting.splice(0)) await file?.close();
  }

  #start(): void {
    const retired = this.#waiting;
    this.#waiting = [];
    this.#running = this.#running.then(async () => {
      for (const one of retired) await this.#seal(one).catch(() => this.#waiting.push(one));
    });
  }

  async #seal(retired: Retired): Promise<void> {
    const { segment, file } = retired;
    await file?.truncate(segment.length);
    if (segment.index !== undefined) await writeIndex(this.#files, this.#folder, segment, segment.index);
    retired.file = undefined;
    await file?.close();
  }
}
