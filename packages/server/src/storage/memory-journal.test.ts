import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { describeJournal } from './journal.contract.ts';
import { MemoryJournal } from './memory-journal.ts';

describeJournal('MemoryJournal', () => ({
  async open(options = {}) {
    return new MemoryJournal({ random: seededRandom(1), nowMs: () => 1_700_000_000_000, ...options });
  },
}));
