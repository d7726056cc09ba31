import { afterAll } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { describeJournal } from '../journal.contract.ts';
import { openSegmentLog } from './segment-log.ts';

const root = mkdtempSync(join(tmpdir(), 'segment-log-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

for (const commit of ['fsync', 'write'] as const) {
  describeJournal(`SegmentLog on a disk, commit ${commit}`, () => {
    folders += 1;
    const folder = join(root, String(folders));
    const open = (options = {}) =>
      openSegmentLog({ folder, commit, random: seededRandom(folders), nowMs: () => 1_700_000_000_000, ...options });
    return { open, reopen: open };
  });
}
