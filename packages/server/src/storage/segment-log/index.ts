/**
 * The index file beside a sealed segment (docs/journal-format.md): which streams it holds, where their frames are, and which
 * receipts came with them. Derived: it can always be made again from the segment, and is whenever it is missing or bad.
 *
 *   magic · CRC-32 of the directory · directory bytes · directory · blocks of offsets, one per stream
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { KeyAnswer, StreamMark } from '../receipts.ts';
import { BYTES_PER_UNIT, ByteSink, ByteSource, Malformed } from './bytes.ts';
import { type Files, isMissing, type OpenFile, replaceFile } from './files.ts';
import { indexName, type Run, type Segment, type SegmentIndex } from './segment.ts';

const MAGIC = 0x0149_4cff;
const PREFIX_BYTES = 12;
/** Entries encoded before the event loop gets its turn: about half a millisecond of work. */
const ENTRIES_PER_TURN = 2000;

export async function writeIndex(files: Files, folder: string, segment: Segment, index: SegmentIndex): Promise<void> {
  const bytes = await encodeIndex(segment, index);
  await replaceFile(files, folder, indexName(segment.number), [bytes]);
  segment.indexBytes = bytes.length;
  segment.index = undefined;
  for (const run of index.runs) run.offsets = undefined;
}

async function encodeIndex(segment: Segment, index: SegmentIndex): Promise<Buffer> {
  const sink = new ByteSink(64 * 1024);
  sink.at = PREFIX_BYTES;
  putSummary(sink, segment, index);
  const turn = takeTurns();
  for (const run of index.runs) {
    run.blockCrc = crc32(offsetBlock(run));
    putRun(sink, run);
    await turn();
  }
  for (const [key, answer] of index.keys) {
    putKeyEntry(sink, key, answer);
    await turn();
  }
  for (const [producer, n] of index.producers) {
    sink.reserve(10 + producer.length * BYTES_PER_UNIT);
    sink.u64(n);
    sink.shortText(producer);
  }
  sink.setU32(0, MAGIC);
  sink.setU32(8, sink.at - PREFIX_BYTES);
  sink.setU32(4, crc32(sink.bytes.subarray(8, sink.at)));
  await putBlocks(sink, index.runs, turn);
  return sink.written();
}

function putSummary(sink: ByteSink, segment: Segment, index: SegmentIndex): void {
  sink.u32(segment.number);
  sink.u32(segment.length);
  sink.u32(segment.frames);
  sink.u32(segment.events);
  sink.u64(segment.createdMs);
  sink.u64(segment.lastMs);
  sink.u32(index.runs.length);
  sink.u32(index.keys.length);
  sink.u32(index.producers.size);
}

function putRun(sink: ByteSink, run: Run): void {
  sink.reserve(20 + (run.stream.length + run.epoch.length) * BYTES_PER_UNIT);
  sink.shortText(run.stream);
  sink.shortText(run.epoch);
  sink.u64(run.first);
  sink.u32(run.count);
  sink.u32(run.blockCrc);
}

function putKeyEntry(sink: ByteSink, key: string, answer: KeyAnswer): void {
  sink.reserve(10 + key.length * BYTES_PER_UNIT);
  sink.shortText(key);
  sink.u32(answer.accepted);
  sink.u32(answer.last.length);
  for (const { stream, epoch, sequence } of answer.last) {
    sink.reserve(12 + (stream.length + epoch.length) * BYTES_PER_UNIT);
    sink.u64(sequence);
    sink.shortText(stream);
    sink.shortText(epoch);
  }
}

async function putBlocks(sink: ByteSink, runs: readonly Run[], turn: () => Promise<void>): Promise<void> {
  for (const run of runs) {
    const block = offsetBlock(run);
    run.blockAt = sink.at;
    sink.reserve(block.length);
    block.copy(sink.bytes, sink.at);
    sink.at += block.length;
    await turn();
  }
}

function offsetBlock(run: Run): Buffer {
  const offsets = run.offsets ?? [];
  const block = Buffer.allocUnsafe(offsets.length * 4);
  for (let i = 0; i < offsets.length; i += 1) block.writeUInt32LE(offsets[i] as number, i * 4);
  return block;
}

function takeTurns(): () => Promise<void> {
  let entries = 0;
  return async () => {
    entries += 1;
    if (entries % ENTRIES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  };
}

/** What an index file says about its segment. Runs' offsets stay in the file. */
export interface IndexContents {
  readonly segment: Segment;
  readonly runs: Run[];
  readonly keys: [string, KeyAnswer][];
  readonly producers: [string, number][];
}

/** Undefined when there is no index file or it does not hold what it should: it is made again from the segment. */
export async function readIndex(files: Files, folder: string, number: number): Promise<IndexContents | undefined> {
  let file: OpenFile;
  try {
    file = await files.open(join(folder, indexName(number)), 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const size = await file.size();
    const prefix = await file.read(0, PREFIX_BYTES);
    if (prefix.length < PREFIX_BYTES || prefix.readUInt32LE(0) !== MAGIC) return undefined;
    const directoryBytes = prefix.readUInt32LE(8);
    if (directoryBytes > size - PREFIX_BYTES) return undefined;
    const bytes = await file.read(8, 4 + directoryBytes);
    if (crc32(bytes) !== prefix.readUInt32LE(4)) return undefined;
    const contents = decodeDirectory(bytes, number, size);
    const blocks = contents.runs.reduce((sum, run) => sum + run.count * 4, 0);
    return PREFIX_BYTES + directoryBytes + blocks === size ? contents : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

function decodeDirectory(bytes: Buffer, number: number, size: number): IndexContents {
  const source = new ByteSource(bytes, 4);
  if (source.u32() !== number) throw new Malformed('the index is of another segment');
  const segment: Segment = {
    number,
    length: source.u32(),
    frames: source.u32(),
    events: source.u32(),
    createdMs: source.u64(),
    lastMs: source.u64(),
    indexBytes: size,
    index: undefined,
    dropped: false,
  };
  const runCount = source.u32();
  const keyCount = source.u32();
  const producerCount = source.u32();
  const runs: Run[] = [];
  let blockAt = bytes.length + 8;
  for (let i = 0; i < runCount; i += 1) {
    const run = readRun(source, segment, i, blockAt);
    blockAt += run.count * 4;
    runs.push(run);
  }
  const keys: [string, KeyAnswer][] = [];
  for (let i = 0; i < keyCount; i += 1) keys.push(readKeyEntry(source));
  const producers: [string, number][] = [];
  for (let i = 0; i < producerCount; i += 1) {
    const n = source.u64();
    producers.push([source.shortText(), n]);
  }
  if (source.more) throw new Malformed('the index holds more than it counts');
  return { segment, runs, keys, producers };
}

function readRun(source: ByteSource, segment: Segment, number: number, blockAt: number): Run {
  const stream = source.shortText();
  const epoch = source.shortText();
  const first = source.u64();
  return {
    segment,
    stream,
    epoch,
    number,
    first,
    count: source.u32(),
    blockCrc: source.u32(),
    blockAt,
    offsets: undefined,
  };
}

function readKeyEntry(source: ByteSource): [string, KeyAnswer] {
  const key = source.shortText();
  const accepted = source.u32();
  const last: StreamMark[] = [];
  for (let left = source.u32(); left > 0; left -= 1) {
    const sequence = source.u64();
    last.push({ sequence, stream: source.shortText(), epoch: source.shortText() });
  }
  return [key, { accepted, last }];
}

/** The places of a sealed run's frames. Throws `Malformed` when they are not what was written. */
export async function readOffsets(files: Files, folder: string, run: Run): Promise<Uint32Array> {
  const file = await files.open(join(folder, indexName(run.segment.number)), 'read');
  try {
    const block = await file.read(run.blockAt, run.count * 4);
    if (block.length < run.count * 4 || crc32(block) !== run.blockCrc) {
      throw new Malformed(`the places of ${run.stream} fail their checksum`);
    }
    const offsets = new Uint32Array(run.count);
    for (let i = 0; i < run.count; i += 1) offsets[i] = block.readUInt32LE(i * 4);
    return offsets;
  } finally {
    await file.close();
  }
}
