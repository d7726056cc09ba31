/**
 * Is what ends a segment's whole frames a torn tail, which recovery cuts, or damage, which nobody may cut?
 *
 * Only the last write before a crash may be there in part: every earlier one was synced before it began. The kernel may have
 * brought its sectors to the disk in any order, so whole frames of that write may stand behind a missing one. What was not
 * brought reads as zeroes, because segments grow by zeroes (`ALLOCATION_BYTES`), or lies past the end of the file.
 * So the bad place at X is damage when either
 * 1. a whole frame stands behind it that was written when the bytes up to beyond X were on the disk (`syncedTo` > X): X was
 *    there once, and an append that was answered is hurt; or
 * 2. nothing at X is missing: all bytes of the frame were brought, and some read differently now.
 * Everything else is torn. What this cannot tell apart: a disk that later turns whole sectors of the very last write to
 * zeroes, and a crash in that write.
 *
 * A file system that shows unwritten blocks as something other than zeroes (ext4 with data=writeback) makes rule 2 refuse a
 * tail that was only torn: it errs on the side of not cutting.
 */

import { checkHeader, HEADER_BYTES, MAGIC } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';

/** The smallest piece that a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const STRIDE_BYTES = 1024 * 1024;

/** Undefined when the tail from `at` on may be cut; otherwise why it may not, in a sentence. */
export async function damageAt(reader: FrameReader, at: number): Promise<string | undefined> {
  if (await isZeroFrom(reader, at)) return undefined;
  const later = await laterProof(reader, at);
  if (later !== undefined) return `a frame at byte ${later} proves that it was whole before`;
  return (await isMissingPart(reader, at)) ? undefined : 'no part of it is missing, so its bytes were changed';
}

/** Whether only zeroes, or nothing, follow. */
export async function isZeroFrom(reader: FrameReader, from: number): Promise<boolean> {
  for (let at = from; at < reader.size; at += STRIDE_BYTES) {
    if (!isZero(await reader.bytesAt(at, STRIDE_BYTES))) return false;
  }
  return true;
}

/** The place of a whole frame behind `bad` that was written after `bad` was on the disk. */
async function laterProof(reader: FrameReader, bad: number): Promise<number | undefined> {
  for (let at = await nextMagic(reader, bad + 1); at !== undefined; at = await nextMagic(reader, at + 1)) {
    const outcome = await reader.frameAt(at);
    if (outcome.kind === 'frame' && outcome.frame.syncedTo > bad) return at;
  }
  return undefined;
}

/** The next place where a frame may begin. */
export async function nextMagic(reader: FrameReader, from: number): Promise<number | undefined> {
  for (let at = from; at < reader.size; at += STRIDE_BYTES) {
    const bytes = await reader.bytesAt(at, STRIDE_BYTES + MAGIC.length - 1);
    const found = bytes.indexOf(MAGIC);
    if (found >= 0) return at + found;
  }
  return undefined;
}

async function isMissingPart(reader: FrameReader, at: number): Promise<boolean> {
  const header = checkHeader(await reader.bytesAt(at, HEADER_BYTES), 0);
  // A header that cannot be believed is judged with the first byte of the first item, which is never zero.
  const length = header.kind === 'whole' ? header.length : HEADER_BYTES + 1;
  if (length > reader.size - at) return true;
  const bytes = await reader.bytesAt(at, length);
  if (bytes[length - 1] === 0) return true;
  for (let start = 0; start < length; ) {
    const end = Math.min(length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES));
    if (isZero(bytes.subarray(start, end))) return true;
    start = end;
  }
  return false;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) {
    if (byte !== 0) return false;
  }
  return true;
}
