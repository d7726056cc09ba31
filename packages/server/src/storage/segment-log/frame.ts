/**
 * Frames: what segments and checkpoints are made of (docs/journal-format.md). A frame is written whole and checked whole.
 *
 *   magic FF 4C 50 01 · header check u32 · CRC-32 u32 · length u32 · synced to u32 · time u64 · items … · end FE
 *
 * Invariants of the layout that recovery stands on (recovery.ts):
 * - FF and FE do not occur in UTF-8, so no text can look like a frame's start.
 * - The first byte of each item is not zero, the last byte of a frame is not zero, and no text holds 512 zero bytes in a
 *   row. So where a disk sector reads as zeroes, it was not written.
 */
import { crc32 } from 'node:zlib';
import { BYTES_PER_UNIT, type ByteSink, ByteSource, Malformed, type Span } from './bytes.ts';

export const FORMAT_VERSION = 1;
export const MAGIC = Buffer.from([0xff, 0x4c, 0x50, FORMAT_VERSION]);
const MAGIC_WORD = MAGIC.readUInt32LE(0);
const END_MARK = 0xfe;

const CHECK_AT = 4;
const CRC_AT = 8;
const LENGTH_AT = 12;
const SYNCED_TO_AT = 16;
const TIME_AT = 20;
export const HEADER_BYTES = 28;
/** Of an event, what stands before its type: tag, stream number, sequence, the type's length. */
const EVENT_HEAD_BYTES = 15;
/** Header, the first byte of an item, the end mark. */
const FRAME_BYTES_MIN = HEADER_BYTES + 2;

/** None is zero, nor one flipped bit away from it: recovery reads a zero there as a sector that was not written. */
const TAG = {
  segment: 0x47,
  stream: 0x53,
  event: 0x45,
  key: 0x4b,
  producer: 0x57,
  checkpoint: 0x43,
  position: 0x4f,
  answer: 0x4e,
  end: 0x5a,
} as const;

export interface EventItem {
  readonly kind: 'event';
  readonly number: number;
  readonly sequence: number;
  readonly type: Span;
  readonly body: Span;
}

export type Item =
  /** First in each segment. */
  | { readonly kind: 'segment'; readonly version: number; readonly number: number }
  /** Gives a stream its number in this segment, before its first event there. */
  | { readonly kind: 'stream'; readonly number: number; readonly name: string; readonly epoch: string }
  | EventItem
  /** The Idempotency-Key of this frame's events; the answer is the events themselves. */
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'producer'; readonly producer: string; readonly n: number }
  /** First in a checkpoint: what segments up to and including `upTo` left behind. */
  | { readonly kind: 'checkpoint'; readonly version: number; readonly upTo: number }
  | { readonly kind: 'position'; readonly name: string; readonly epoch: string; readonly last: number }
  | {
      readonly kind: 'answer';
      readonly key: string;
      readonly accepted: number;
      readonly last: readonly (readonly [string, number])[];
    }
  /** Last in a checkpoint: the frames before it. */
  | { readonly kind: 'end'; readonly frames: number };

export interface Frame {
  readonly length: number;
  /** The segment's bytes below this were on the disk when this frame was written; 0 when nobody asked the disk. */
  readonly syncedTo: number;
  readonly timeMs: number;
  readonly items: readonly Item[];
}

/** Starts a frame and gives its place; items follow, then `endFrame`. */
export function beginFrame(sink: ByteSink, syncedTo: number, timeMs: number): number {
  const start = sink.at;
  sink.reserve(FRAME_BYTES_MIN);
  sink.setU32(start, MAGIC_WORD);
  sink.setU32(start + SYNCED_TO_AT, syncedTo);
  sink.at = start + TIME_AT;
  sink.u64(timeMs);
  return start;
}

export function endFrame(sink: ByteSink, start: number): void {
  sink.reserve(1);
  sink.u8(END_MARK);
  sink.setU32(start + LENGTH_AT, sink.at - start);
  const crc = crc32(sink.bytes.subarray(start + LENGTH_AT, sink.at));
  sink.setU32(start + CRC_AT, crc);
  sink.setU32(start + CHECK_AT, headerCheck(crc, sink.at - start, sink.getU32(start + SYNCED_TO_AT), sink, start));
}

interface Words {
  getU32(at: number): number;
}

/** Each step is a bijection of the word it takes in, so no change of a single word goes unseen. */
function headerCheck(crc: number, length: number, syncedTo: number, words: Words, start: number): number {
  let check = Math.imul(crc ^ 0x9e3779b9, 0x85ebca6b);
  check = Math.imul(((check << 13) | (check >>> 19)) ^ length, 0xc2b2ae35);
  check = Math.imul(((check << 13) | (check >>> 19)) ^ syncedTo, 0x27d4eb2f);
  check = Math.imul(((check << 13) | (check >>> 19)) ^ words.getU32(start + TIME_AT), 0x165667b1);
  check = Math.imul(((check << 13) | (check >>> 19)) ^ words.getU32(start + TIME_AT + 4), 0x9e3779b1);
  return (check ^ (check >>> 15)) >>> 0;
}

export function putSegment(sink: ByteSink, number: number): void {
  sink.reserve(9);
  sink.u8(TAG.segment);
  sink.u32(FORMAT_VERSION);
  sink.u32(number);
}

export function putStream(sink: ByteSink, number: number, name: string, epoch: string): void {
  sink.reserve(9 + (name.length + epoch.length) * BYTES_PER_UNIT);
  sink.u8(TAG.stream);
  sink.u32(number);
  sink.shortText(name);
  sink.shortText(epoch);
}

export function putEvent(sink: ByteSink, number: number, sequence: number, type: string, body: string): void {
  sink.reserve(19 + (type.length + body.length) * BYTES_PER_UNIT);
  sink.u8(TAG.event);
  sink.u32(number);
  sink.u64(sequence);
  sink.shortText(type);
  sink.longText(body);
}

export function putKey(sink: ByteSink, key: string): void {
  sink.reserve(3 + key.length * BYTES_PER_UNIT);
  sink.u8(TAG.key);
  sink.shortText(key);
}

export function putProducer(sink: ByteSink, producer: string, n: number): void {
  sink.reserve(11 + producer.length * BYTES_PER_UNIT);
  sink.u8(TAG.producer);
  sink.u64(n);
  sink.shortText(producer);
}

export function putCheckpoint(sink: ByteSink, upTo: number): void {
  sink.reserve(9);
  sink.u8(TAG.checkpoint);
  sink.u32(FORMAT_VERSION);
  sink.u32(upTo);
}

export function putPosition(sink: ByteSink, name: string, epoch: string, last: number): void {
  sink.reserve(13 + (name.length + epoch.length) * BYTES_PER_UNIT);
  sink.u8(TAG.position);
  sink.u64(last);
  sink.shortText(name);
  sink.shortText(epoch);
}

export function putAnswer(
  sink: ByteSink,
  key: string,
  accepted: number,
  last: readonly { readonly stream: string; readonly sequence: number }[],
): void {
  sink.reserve(11 + key.length * BYTES_PER_UNIT);
  sink.u8(TAG.answer);
  sink.shortText(key);
  sink.u32(accepted);
  sink.u32(last.length);
  for (const { stream, sequence } of last) {
    sink.reserve(10 + stream.length * BYTES_PER_UNIT);
    sink.u64(sequence);
    sink.shortText(stream);
  }
}

export function putEnd(sink: ByteSink, frames: number): void {
  sink.reserve(5);
  sink.u8(TAG.end);
  sink.u32(frames);
}

export type HeaderOutcome =
  | { readonly kind: 'whole'; readonly length: number }
  /** The bytes end before the header does. */
  | { readonly kind: 'short' }
  | { readonly kind: 'bad'; readonly problem: string };

/** What the header at `at` says, and whether it can be believed. */
export function checkHeader(bytes: Buffer, at: number): HeaderOutcome {
  if (bytes.length - at < HEADER_BYTES) return { kind: 'short' };
  if (bytes.readUInt32LE(at) !== MAGIC_WORD) return { kind: 'bad', problem: 'no frame begins here' };
  const length = bytes.readUInt32LE(at + LENGTH_AT);
  const crc = bytes.readUInt32LE(at + CRC_AT);
  const words = { getU32: (place: number) => bytes.readUInt32LE(place) };
  const check = headerCheck(crc, length, bytes.readUInt32LE(at + SYNCED_TO_AT), words, at);
  if (check !== bytes.readUInt32LE(at + CHECK_AT)) return { kind: 'bad', problem: 'the frame header fails its check' };
  if (length < FRAME_BYTES_MIN) return { kind: 'bad', problem: 'the frame is too short to be one' };
  return { kind: 'whole', length };
}

/** The frame at `at`, whose header said `length`. Throws `Malformed` unless every byte is as it was written. */
export function decodeFrame(bytes: Buffer, at: number, length: number): Frame {
  const end = at + length;
  if (length < FRAME_BYTES_MIN || end > bytes.length) throw new Malformed('the frame is not whole');
  if (crc32(bytes.subarray(at + LENGTH_AT, end)) !== bytes.readUInt32LE(at + CRC_AT)) {
    throw new Malformed('the frame fails its checksum');
  }
  if (bytes[end - 1] !== END_MARK) throw new Malformed('the frame has no end mark');
  const source = new ByteSource(bytes, at + SYNCED_TO_AT, end - 1);
  const syncedTo = source.u32();
  const timeMs = source.u64();
  const items: Item[] = [];
  while (source.more) items.push(readItem(source));
  return { length, syncedTo, timeMs, items };
}

function readItem(source: ByteSource): Item {
  const tag = source.u8();
  switch (tag) {
    case TAG.segment:
      return { kind: 'segment', version: source.u32(), number: source.u32() };
    case TAG.stream:
      return { kind: 'stream', number: source.u32(), name: source.shortText(), epoch: source.shortText() };
    case TAG.event:
      return readEvent(source);
    case TAG.key:
      return { kind: 'key', key: source.shortText() };
    case TAG.producer: {
      const n = source.u64();
      return { kind: 'producer', n, producer: source.shortText() };
    }
    case TAG.checkpoint:
      return { kind: 'checkpoint', version: source.u32(), upTo: source.u32() };
    case TAG.position: {
      const last = source.u64();
      return { kind: 'position', last, name: source.shortText(), epoch: source.shortText() };
    }
    case TAG.answer:
      return readAnswer(source);
    case TAG.end:
      return { kind: 'end', frames: source.u32() };
    default:
      throw new Malformed(`the frame holds an item of unknown kind ${tag}`);
  }
}

function readEvent(source: ByteSource): EventItem {
  const number = source.u32();
  return { kind: 'event', number, sequence: source.u64(), type: source.shortSpan(), body: source.longSpan() };
}

/** The item's bytes, tag and all. */
export function eventSpan({ type, body }: EventItem): Span {
  return { at: type.at - EVENT_HEAD_BYTES, end: body.end };
}

/** The event of an item's bytes, which are as they were written: the caller has checked them. */
export function decodeEvent(bytes: Buffer): EventItem {
  return readEvent(new ByteSource(bytes, 1));
}

function readAnswer(source: ByteSource): Item {
  const key = source.shortText();
  const accepted = source.u32();
  const last: [string, number][] = [];
  for (let left = source.u32(); left > 0; left -= 1) {
    const sequence = source.u64();
    last.push([source.shortText(), sequence]);
  }
  return { kind: 'answer', key, accepted, last };
}
