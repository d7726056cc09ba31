import { join } from 'node:path';
import type { Journal, RegistryStore } from '@listenpost/core';
import type { Config } from '../config/config.ts';
import { nodeRandom } from '../random.ts';
import { MemoryJournal } from './memory-journal.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { openSegmentLog } from './segment-log/segment-log.ts';
import { openSqliteRegistry } from './sqlite-registry.ts';

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
  if (dataFolder === undefined || commit === 'memory') return new MemoryJournal(shared);
  return await openSegmentLog({ ...shared, folder: join(dataFolder, 'journal'), commit, segmentBytes, retention });
}
