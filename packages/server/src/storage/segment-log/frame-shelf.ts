/**
 * The frames that were read last, checked and decoded. Clients that resume together read the same frames: one append holds
 * events of many streams, and a batch takes a part of a large one. Frames never change once they are committed.
 */
import type { Frame } from './frame.ts';

/** What an item costs beside its bytes, about. */
const ITEM_BYTES = 128;

export interface ShelvedFrame {
  readonly frame: Frame;
  /** What the frame's spans point into. */
  readonly bytes: Buffer;
}

export class FrameShelf {
  readonly #bytesMax: number;
  /** By segment and place; the one that was asked for longest ago first. */
  readonly #frames = new Map<string, ShelvedFrame>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(segment: number, at: number): ShelvedFrame | undefined {
    const key = keyOf(segment, at);
    const shelved = this.#frames.get(key);
    if (shelved === undefined) return undefined;
    this.#frames.delete(key);
    this.#frames.set(key, shelved);
    return shelved;
  }

  /** Keeps a copy, since `bytes` may be a piece of something larger. */
  put(segment: number, at: number, frame: Frame, bytes: Buffer): ShelvedFrame {
    const shelved = { frame, bytes: Buffer.from(bytes) };
    const key = keyOf(segment, at);
    const before = this.#frames.get(key);
    if (before !== undefined) this.#bytes -= costOf(before);
    this.#frames.set(key, shelved);
    this.#bytes += costOf(shelved);
    for (const [oldest, dropped] of this.#frames) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#frames.delete(oldest);
      this.#bytes -= costOf(dropped);
    }
    return shelved;
  }
}

const keyOf = (segment: number, at: number): string => `${segment}:${at}`;

const costOf = ({ frame, bytes }: ShelvedFrame): number => bytes.length + frame.items.length * ITEM_BYTES;
