/**
 * Segments: files of frames, written by one run of the process, then sealed: never written again, dropped whole.
 */
import { join } from 'node:path';
import type { KeyAnswer } from '../receipts.ts';

/**
 * The events of one stream in one segment, from where the segment names it. Its sequences have no gap. Without an event it
 * still says which epoch the stream has.
 */
export interface Run {
  readonly segment: Segment;
  readonly stream: string;
  readonly epoch: string;
  /** The stream's number in this segment. */
  readonly number: number;
  /** 0 while it has no event. */
  first: number;
  count: number;
  /** For each event the place of its frame; undefined once the segment's index file holds it. */
  offsets: number[] | undefined;
  /** Where the index file holds the places, and their CRC-32. */
  blockAt: number;
  blockCrc: number;
}

/** What a segment's index file holds; in memory until the file is written. */
export interface SegmentIndex {
  /** By the stream's number in the segment. */
  readonly runs: Run[];
  readonly keys: [string, KeyAnswer][];
  readonly producers: Map<string, number>;
}

export interface Segment {
  readonly number: number;
  /** Of its first frame, by machine time. */
  createdMs: number;
  /** Of its newest frame. */
  lastMs: number;
  /** Bytes of committed frames. */
  length: number;
  frames: number;
  events: number;
  indexBytes: number;
  /** Until the index file is written. */
  index: SegmentIndex | undefined;
  /** By retention; reads that come late start over. */
  dropped: boolean;
}

export function newSegment(number: number, index: SegmentIndex): Segment {
  return {
    number,
    createdMs: 0,
    lastMs: 0,
    length: 0,
    frames: 0,
    events: 0,
    indexBytes: 0,
    index,
    dropped: false,
  };
}

/** `number` is how many runs the segment has already. */
export function newRun(segment: Segment, stream: string, epoch: string, number: number): Run {
  return { segment, stream, epoch, number, first: 0, count: 0, offsets: [], blockAt: 0, blockCrc: 0 };
}

/** Segments grow by this much at once, filled with zeroes: cheaper to sync, and recovery can tell what was not written. */
export const ALLOCATION_BYTES = 1024 * 1024;

const NAME = /^segment-([0-9]{10})\.(log|index)$/;

export function segmentName(number: number): string {
  return `segment-${String(number).padStart(10, '0')}.log`;
}

export function indexName(number: number): string {
  return `segment-${String(number).padStart(10, '0')}.index`;
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, segmentName(number));
}

/** The numbers of the segments, or of the index files, among these names; in order. */
export function numbersOf(names: readonly string[], kind: 'log' | 'index'): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const match = NAME.exec(name);
    if (match !== null && match[2] === kind) numbers.push(Number(match[1]));
  }
  return numbers.sort((left, right) => left - right);
}

export function emptyIndex(): SegmentIndex {
  return { runs: [], keys: [], producers: new Map() };
}
