import { expect, test } from 'bun:test';
import { JournalError } from '@listenpost/core';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { FaultyFiles } from '../testing/faulty-files.ts';
import { openSegmentLog } from './segment-log.ts';

test('a disk that cannot be read is a failure of the journal, told in a sentence, and passes', async () => {
  const disk = new FaultyFiles(1);
  const journal = await openSegmentLog({
    files: disk,
    folder: '/journal',
    commit: 'fsync',
    random: seededRandom(1),
    nowMs: () => 0,
  });
  await journal.append([{ stream: 'alice/usdm', type: 'X', body: '{"e":"X"}' }]);
  disk.plan = ({ kind }) => (kind === 'read' ? { kind: 'fail', code: 'EIO' } : undefined);
  const error = await journal.read('alice/usdm', 1, 10).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(JournalError);
  expect(error).toMatchObject({ fault: 'failed', message: expect.stringContaining('in /journal failed') });
  disk.plan = () => undefined;
  expect((await journal.read('alice/usdm', 1, 10))?.records).toHaveLength(1);
  await journal.close();
});
