import { join } from 'node:path';
import type { Journal, RegistryStore } from '@listenpost/core';
import type { Config } from '../config/config.ts';
import { nodeRandom } from '../random.ts';
import { MemoryJournal } from './memory-journal.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { openSegmentLog } from './segment-log/segment-log.ts';
import { openSqliteRegistry } from './sqlite-registry.ts';

/** What a journal in memory holds at most, whatever a disk was allowed to. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

/** Without a data folder nothing outlives the process, so neither storage touches a disk. */
export function openStore({ dataFolder }: Config): Promise<RegistryStore> {
  return dataFolder === undefined
    ? Promise.resolve(new MemoryRegistry())
    : openSqliteRegistry(join(dataFolder, 'registry.sqlite'));
}

/** `journal.commit` chooses; see the journal's contract for what each promises. */
export async function openJournal({ dataFolder, journal }: Config): Promise<Journal> {
  const { commit, segmentBytes, retention } = journal;
  const shared = { random: nodeRandom, nowMs: () => Date.now() };
  if (dataFolder === undefined || commit === 'memory') {
    const bytes = Math.min(retention.bytes, MEMORY_BYTES_MAX);
    return new MemoryJournal({ ...shared, retention: { ageMs: retention.ageMs, bytes } });
  }
  return await openSegmentLog({ ...shared, folder: join(dataFolder, 'journal'), commit, segmentBytes, retention });
}
