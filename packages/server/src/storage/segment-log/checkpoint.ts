/**
 * The checkpoint: what outlives the segments that retention drops. Every stream's epoch and last sequence, the remembered
 * Idempotency-Keys with their answers, the producers' marks. Written whole and put in place before a segment goes.
 *
 * It may know more than the segments up to `upTo` left behind, because it is written while appends go on: taking in the
 * later segments again over it changes nothing, as a position only grows and a key's answer stays the same.
 */
import { join } from 'node:path';
import type { Receipts } from '../receipts.ts';
import { ByteSink } from './bytes.ts';
import { damaged } from './damage.ts';
import { type Files, isMissing, type OpenFile, replaceFile } from './files.ts';
import {
  beginFrame,
  endFrame,
  FORMAT_VERSION,
  HEADER_BYTES,
  type Item,
  putAnswer,
  putCheckpoint,
  putEnd,
  putPosition,
  putProducer,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { Streams } from './streams.ts';

export const CHECKPOINT = 'checkpoint';
/** A frame of about this size is encoded in a fraction of a millisecond, then written off the event loop. */
const FRAME_BYTES = 64 * 1024;

/** `beforeReplace` runs when all is written and before it counts. */
export async function writeCheckpoint(
  files: Files,
  folder: string,
  contents: { readonly upTo: number; readonly timeMs: number; readonly streams: Streams; readonly receipts: Receipts },
  beforeReplace: () => Promise<void>,
): Promise<void> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield* encodeFrames(putters(contents), contents.timeMs);
    await beforeReplace();
  }
  await replaceFile(files, folder, CHECKPOINT, pieces());
}

type Put = (sink: ByteSink) => void;

function* putters(contents: {
  readonly upTo: number;
  readonly streams: Streams;
  readonly receipts: Receipts;
}): Generator<Put> {
  yield (sink) => putCheckpoint(sink, contents.upTo);
  for (const { name, epoch, committed, begun } of contents.streams.values()) {
    if (begun) yield (sink) => putPosition(sink, name, epoch, committed);
  }
  for (const [key, answer] of contents.receipts.answers()) {
    yield (sink) => putAnswer(sink, key, answer.accepted, answer.last);
  }
  for (const [producer, n] of contents.receipts.producers()) {
    if (n > 0) yield (sink) => putProducer(sink, producer, n);
  }
}

function* encodeFrames(puts: Iterable<Put>, timeMs: number): Generator<Uint8Array> {
  const sink = new ByteSink(2 * FRAME_BYTES);
  let frames = 0;
  let start = beginFrame(sink, 0, timeMs);
  const take = (): Uint8Array => {
    endFrame(sink, start);
    const bytes = sink.written();
    frames += 1;
    sink.at = 0;
    return bytes;
  };
  for (const put of puts) {
    put(sink);
    if (sink.at < FRAME_BYTES) continue;
    // The bytes are written before the generator goes on, so the sink can be used again.
    yield take();
    start = beginFrame(sink, 0, timeMs);
  }
  if (sink.at > start + HEADER_BYTES) {
    yield take();
    start = beginFrame(sink, 0, timeMs);
  }
  putEnd(sink, frames);
  yield take();
}

/** Takes the checkpoint in and gives the last segment it covers; 0 when there is none. Throws `Damage`. */
export async function readCheckpoint(
  files: Files,
  folder: string,
  streams: Streams,
  receipts: Receipts,
): Promise<number> {
  const path = join(folder, CHECKPOINT);
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
  try {
    return await takeIn(new FrameReader(file, await file.size()), path, streams, receipts);
  } finally {
    await file.close();
  }
}

async function takeIn(reader: FrameReader, path: string, streams: Streams, receipts: Receipts): Promise<number> {
  let upTo: number | undefined;
  let ended = false;
  let frames = 0;
  for (let at = 0; at < reader.size; ) {
    const outcome = await reader.frameAt(at);
    if (outcome.kind !== 'frame') {
      throw damaged(path, at, outcome.kind === 'bad' ? outcome.problem : 'it ends too early');
    }
    for (const item of outcome.frame.items) {
      if (ended) throw damaged(path, at, 'it goes on after its end');
      if (item.kind === 'end') ended = item.frames === frames;
      else if (item.kind === 'checkpoint') upTo = supported(item, path, at);
      else restore(item, path, at, streams, receipts);
    }
    frames += 1;
    at += outcome.frame.length;
  }
  if (upTo === undefined || !ended) throw damaged(path, reader.size, 'it ends too early');
  return upTo;
}

function supported(item: Item & { readonly kind: 'checkpoint' }, path: string, at: number): number {
  if (item.version === FORMAT_VERSION) return item.upTo;
  throw damaged(path, at, `its format is ${item.version}; this version reads ${FORMAT_VERSION}`);
}

function restore(item: Item, path: string, at: number, streams: Streams, receipts: Receipts): void {
  if (item.kind === 'position') streams.restorePosition(item.name, item.epoch, item.last);
  else if (item.kind === 'producer') receipts.mark(item.producer, item.n);
  else if (item.kind === 'answer') {
    const last = item.last.map(([stream, sequence]) => {
      const epoch = streams.get(stream)?.epoch;
      if (epoch === undefined) throw damaged(path, at, `an answer names the unknown stream ${stream}`);
      return { stream, epoch, sequence };
    });
    receipts.remember(item.key, { accepted: item.accepted, last });
  } else throw damaged(path, at, `an item of kind ${item.kind} does not belong here`);
}
