/** What one step of a read takes from segments: pieces in the journal's order, those that lie close together by one read. */
import type { Span } from './bytes.ts';
import type { OpenFile } from './files.ts';
import type { Segment } from './segment.ts';

/**
 * Reads under way at once. Each by itself would cost a turn of the event loop, and a turn costs more than the read does; more
 * of them would only stand before the commits that live delivery waits for. Of reads that wait together (`ReadingDesk`) each has a
 * plan of its own.
 */
const READS_MAX = 8;
/** Reading over a gap of this is cheaper than another read behind it. */
const GAP_BYTES_MAX = 16 * 1024;
/** A plan takes nothing more once it has so many bytes. */
const BYTES_MAX = 256 * 1024;

/** A piece's `at` and `end` are places in the segment. */
export interface Piece extends Span {
  readonly segment: Segment;
}

/** Bytes of a segment that pieces lie in; to be read, unless somebody has them. */
interface Stretch {
  readonly segment: Segment;
  readonly at: number;
  end: number;
  bytes: Buffer | undefined;
}

export class ReadPlan<Planned extends Piece> {
  readonly #pieces: [Planned, Stretch][] = [];
  readonly #reads: Stretch[] = [];
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = Math.min(bytesMax, BYTES_MAX);
  }

  /** Whether it still took the piece; the first one it always takes. Each lies behind the one before. */
  add(piece: Planned): boolean {
    if (this.#isFull) return false;
    const { segment, at, end } = piece;
    const before = this.#reads.at(-1);
    if (before?.segment === segment && at - before.end <= GAP_BYTES_MAX) {
      this.#bytes += end - before.end;
      before.end = end;
      this.#pieces.push([piece, before]);
      return true;
    }
    if (this.#reads.length === READS_MAX) return false;
    const read = { segment, at, end, bytes: undefined };
    this.#reads.push(read);
    this.#bytes += end - at;
    this.#pieces.push([piece, read]);
    return true;
  }

  /** The same for a piece that lies in bytes which were read already, from `at` on. */
  addHeld(piece: Planned, at: number, bytes: Buffer): boolean {
    if (this.#isFull) return false;
    this.#bytes += piece.end - piece.at;
    this.#pieces.push([piece, { segment: piece.segment, at, end: at + bytes.length, bytes }]);
    return true;
  }

  /** Each piece with its bytes; fewer of them where the file ends. */
  async read(open: (segment: Segment) => Promise<OpenFile>): Promise<[Planned, Buffer][]> {
    const reads = this.#reads.map(async (read) => {
      read.bytes = await (await open(read.segment)).read(read.at, read.end - read.at);
    });
    // All of them end before the first failure is told: after it the files are closed, and a number may be another's.
    for (const outcome of await Promise.allSettled(reads)) if (outcome.status === 'rejected') throw outcome.reason;
    return this.#pieces.map(([piece, { at, bytes }]) => [
      piece,
      (bytes as Buffer).subarray(piece.at - at, piece.end - at),
    ]);
  }

  get #isFull(): boolean {
    return this.#pieces.length > 0 && this.#bytes >= this.#bytesMax;
  }
}
