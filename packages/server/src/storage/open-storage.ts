import { join } from 'node:path';
import type { Journal, Random, RegistryContents, RegistryStore } from '@listenpost/core';
import type { Config } from '../config/config.ts';
import { MemoryJournal, type StreamState } from './memory-journal.ts';
import { MemoryRegistry } from './memory-registry.ts';
import type { Files } from './segment-log/files.ts';
import { openSegmentLog } from './segment-log/segment-log.ts';
import { openSqliteRegistry } from './sqlite-registry.ts';

/** What a journal in memory holds at most, whatever a disk was allowed to. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

/** What stands between the storage and the machine's disk. */
export interface Disk {
  /** The journal's. Default: the machine's own. */
  readonly files?: Files;
  /** Beyond this the registry's file cannot grow, as on a full disk. Default: no bound. */
  readonly registryBytesMax?: number;
}

/**
 * Without a data folder nothing outlives the process, so neither storage touches a disk. `contents`: what a registry in memory
 * begins with.
 */
export async function openStore(
  { dataFolder }: Config,
  { registryBytesMax }: Disk,
  contents?: RegistryContents,
): Promise<RegistryStore> {
  if (dataFolder === undefined) return new MemoryRegistry(contents);
  const bounds = registryBytesMax === undefined ? {} : { fileBytesMax: registryBytesMax };
  return await openSqliteRegistry(join(dataFolder, 'registry.sqlite'), bounds);
}

/** `journal.commit` chooses; see the journal's contract for what each promises. `streams`: what one in memory begins with. */
export async function openJournal(
  { dataFolder, journal }: Config,
  { files }: Disk,
  random: Random,
  streams: readonly StreamState[] = [],
): Promise<Journal> {
  const { commit, segmentBytes, retention } = journal;
  const shared = { random, nowMs: () => Date.now() };
  if (dataFolder === undefined || commit === 'memory') {
    const bytes = Math.min(retention.bytes, MEMORY_BYTES_MAX);
    return new MemoryJournal({ ...shared, streams, retention: { ageMs: retention.ageMs, bytes } });
  }
  const disk = files === undefined ? {} : { files };
  const folder = join(dataFolder, 'journal');
  return await openSegmentLog({ ...shared, ...disk, folder, commit, segmentBytes, retention });
}
