/** The segments that one read has open. */
import type { Files, OpenFile } from './files.ts';
import { type Segment, segmentPath } from './segment.ts';

export class OpenSegments {
  readonly #files: Files;
  readonly #folder: string;
  readonly #opened = new Map<Segment, Promise<OpenFile>>();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  get none(): boolean {
    return this.#opened.size === 0;
  }

  pathOf({ number }: Segment): string {
    return segmentPath(this.#folder, number);
  }

  file(segment: Segment): Promise<OpenFile> {
    const opened = this.#opened.get(segment) ?? this.#files.open(this.pathOf(segment), 'read');
    this.#opened.set(segment, opened);
    return opened;
  }

  /** Of those that could be opened: who asked for another has been told. */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#opened.values());
    const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    await Promise.all(opened.map((file) => file.close()));
  }
}
