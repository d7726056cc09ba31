import { expect, test } from 'bun:test';
import { JournalError } from '@listenpost/core';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { describeJournal, event } from './journal.contract.ts';
import { MemoryJournal } from './memory-journal.ts';
import { TimedJournal } from './timed-journal.ts';

const memory = (options = {}) =>
  new MemoryJournal({ random: seededRandom(1), nowMs: () => 1_700_000_000_000, ...options });

describeJournal('TimedJournal', () => ({
  async open(options = {}) {
    return new TimedJournal(memory(options), () => undefined);
  },
}));

test('each append that became durable is timed, and one that was refused is not', async () => {
  const took: number[] = [];
  const journal = new TimedJournal(memory({ pendingBytesMax: 200 }), (ms) => took.push(ms));
  await journal.append([event('alice/usdm', '1')]);
  await journal.append([event('alice/usdm', '2')]);
  const refused = await journal.append([event('alice/usdm', 'x'.repeat(500))]).catch((cause: unknown) => cause);
  expect(refused).toBeInstanceOf(JournalError);
  expect(took).toHaveLength(2);
  for (const ms of took) expect(ms).toBeGreaterThanOrEqual(0);
});
