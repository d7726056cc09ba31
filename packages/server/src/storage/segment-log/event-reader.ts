/**
 * Reads events from their segments. A frame is read whole once and must pass its checksum; after that its outline tells where
 * each event lies and what its bytes must be, so that an event which shares its frame with many others is read without them.
 */
import { crc32 } from 'node:zlib';
import { damaged } from './damage.ts';
import { decodeEvent } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { OpenSegments } from './open-segments.ts';
import { Outline } from './outline.ts';
import { type Piece, ReadPlan } from './read-plan.ts';
import type { SealedPlaces } from './sealed-places.ts';
import type { Run } from './segment.ts';
import { Shelf } from './shelf.ts';
import type { Taken } from './taken.ts';

/** What reads keep in memory, in bytes each. */
export interface ReadShelves {
  readonly outlines: number;
  readonly frames: number;
}

const SHELVES: ReadShelves = {
  /** Of half a million events in frames of fifty: some 350 MB of journal. */
  outlines: 16 * 1024 * 1024,
  /** What a few thousand streams wrote within a second or so: a short break makes everyone read just that. */
  frames: 32 * 1024 * 1024,
};
/** A frame within this is read whole as cheaply as one event of it, and is not kept. */
const SMALL_FRAME_BYTES = 4 * 1024;
/** A frame may be this much longer than the one before, and is still read at once. */
const LONGER_BYTES = 4 * 1024;
const GUESS_BYTES_MAX = 64 * 1024;

/** Where a run's events are asked for. */
interface Wanted extends Piece {
  readonly run: Run;
  readonly frameAt: number;
  /** Of the one event that the piece is; undefined for a frame of which no outline is kept. */
  readonly crc: number | undefined;
}

export class EventReader {
  readonly #places: SealedPlaces;
  readonly #outlines: Shelf<Outline>;
  /** Verified, and so only those that have an outline. */
  readonly #frames: Shelf<Buffer>;
  /** Nothing tells how long a frame is but itself: the last one read is the guess. */
  #lastFrameBytes = 0;

  constructor(places: SealedPlaces, { outlines, frames }: ReadShelves = SHELVES) {
    this.#places = places;
    this.#outlines = new Shelf(outlines);
    this.#frames = new Shelf(frames);
  }

  /** Takes events of one stream from `first` to `last`, which the runs hold, until it is full. */
  async take(runs: readonly Run[], first: number, last: number, taken: Taken, segments: OpenSegments): Promise<void> {
    for (let next = first; next <= last && !taken.full; ) {
      const plan = await this.#plan(runs, next, last, taken.room);
      for (const [piece, bytes] of await plan.read((segment) => segments.file(segment))) {
        if (taken.full) break;
        const { run, frameAt, crc } = piece;
        if (crc === undefined) next += await this.#takeFrame(piece, bytes, next, last, taken, segments);
        else if (crc32(bytes) === crc) next += taken.take(run, [decodeEvent(bytes)], bytes, next, last);
        else {
          // It has rotted since, or was cut off. The frame is read again whole, and says what is wrong with it.
          this.#outlines.drop(run.segment.number, frameAt);
          break;
        }
      }
    }
  }

  async #plan(runs: readonly Run[], first: number, last: number, bytesMax: number): Promise<ReadPlan<Wanted>> {
    const plan = new ReadPlan<Wanted>(bytesMax);
    let next = first;
    for (const run of runs) {
      const end = Math.min(last, run.first + run.count - 1);
      if (next > end) continue;
      const places = await this.#places.of(run);
      while (next <= end) {
        const planned = this.#planFrame(plan, run, places, next, end);
        if (planned === 0) return plan;
        next += planned;
      }
    }
    return plan;
  }

  /** Plans the events from `first` on that lie in one frame; gives how many, and 0 when the plan is full. */
  #planFrame(plan: ReadPlan<Wanted>, run: Run, places: ArrayLike<number>, first: number, last: number): number {
    const { segment } = run;
    const frameAt = places[first - run.first] as number;
    let planned = 0;
    const events = this.#outlines.get(segment.number, frameAt)?.eventsOf(run.number, first, last) ?? [];
    const frame = events.length > 0 ? this.#frames.get(segment.number, frameAt) : undefined;
    for (const { at, end, crc } of events) {
      const piece = { segment, run, frameAt, at: frameAt + at, end: frameAt + end, crc };
      if (!(frame === undefined ? plan.add(piece) : plan.addHeld(piece, frameAt, frame))) return planned;
      planned += 1;
    }
    if (planned > 0) return planned;
    while (first + planned <= last && places[first + planned - run.first] === frameAt) planned += 1;
    const behind = places[first + planned - run.first] ?? segment.length;
    const guess = frameAt + Math.min(this.#lastFrameBytes + LONGER_BYTES, GUESS_BYTES_MAX);
    const piece = { segment, run, frameAt, at: frameAt, end: Math.min(guess, behind), crc: undefined };
    return plan.add(piece) ? planned : 0;
  }

  /** `begun` is the frame's beginning, or all of it and what lies behind. */
  async #takeFrame(
    { run, frameAt }: Wanted,
    begun: Buffer,
    next: number,
    last: number,
    taken: Taken,
    segments: OpenSegments,
  ): Promise<number> {
    const { segment } = run;
    const reader = new FrameReader(await segments.file(segment), segment.length, 0).begin(frameAt, begun);
    const outcome = await reader.frameAt(frameAt);
    if (outcome.kind !== 'frame')
      throw damaged(segments.pathOf(segment), frameAt, outcome.kind === 'bad' ? outcome.problem : 'the file ends');
    const { frame, bytes } = outcome;
    this.#lastFrameBytes = frame.length;
    if (frame.length > SMALL_FRAME_BYTES) {
      this.#outlines.put(segment.number, frameAt, new Outline(frame, bytes));
      this.#frames.put(segment.number, frameAt, Buffer.from(bytes));
    }
    const found = taken.take(run, frame.items, bytes, next, last);
    if (found === 0 && !taken.full)
      throw damaged(segments.pathOf(segment), frameAt, `the frame does not hold ${run.stream} ${next}`);
    return found;
  }
}
