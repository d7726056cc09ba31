/** Frames of one file, one after the other, through a window that is read at once. */
import { Malformed } from './bytes.ts';
import type { OpenFile } from './files.ts';
import { checkHeader, decodeFrame, type Frame, HEADER_BYTES } from './frame.ts';

const WINDOW_BYTES = 1024 * 1024;

export type FrameOutcome =
  /** `bytes` holds what the frame's spans point into; valid until the next call. */
  | { readonly kind: 'frame'; readonly frame: Frame; readonly bytes: Buffer }
  /** The file ends here. */
  | { readonly kind: 'end' }
  | { readonly kind: 'bad'; readonly problem: string };

export class FrameReader {
  readonly size: number;
  readonly #file: OpenFile;
  readonly #windowBytes: number;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  /** Reads at least `windowBytes` at once. */
  constructor(file: OpenFile, size: number, windowBytes = WINDOW_BYTES) {
    this.#file = file;
    this.#windowBytes = windowBytes;
    this.size = size;
  }

  /** Takes what was read of the file already, from `at` on, as its window. */
  begin(at: number, bytes: Buffer): this {
    this.#window = bytes;
    this.#windowAt = at;
    return this;
  }

  async frameAt(at: number): Promise<FrameOutcome> {
    if (at >= this.size) return { kind: 'end' };
    const header = checkHeader(await this.bytesAt(at, HEADER_BYTES), 0);
    if (header.kind === 'short') return { kind: 'bad', problem: 'the file ends inside a frame header' };
    if (header.kind === 'bad') return header;
    if (header.length > this.size - at) return { kind: 'bad', problem: 'the frame runs past the end of the file' };
    const bytes = await this.bytesAt(at, header.length);
    try {
      return { kind: 'frame', frame: decodeFrame(bytes, 0, header.length), bytes };
    } catch (error) {
      if (error instanceof Malformed) return { kind: 'bad', problem: error.message };
      throw error;
    }
  }

  /** `length` bytes from `at`, or fewer where the file ends. */
  async bytesAt(at: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.size - at);
    const start = at - this.#windowAt;
    if (start < 0 || start + wanted > this.#window.length) {
      this.#window = await this.#file.read(at, Math.min(Math.max(wanted, this.#windowBytes), this.size - at));
      this.#windowAt = at;
      return this.#window.subarray(0, wanted);
    }
    return this.#window.subarray(start, start + wanted);
  }
}
