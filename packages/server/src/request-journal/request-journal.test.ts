import { describe, expect, test } from 'bun:test';
import { type JournalQuery, RequestJournal } from './request-journal.ts';

const ALL: JournalQuery = {
  kinds: undefined,
  account: undefined,
  product: undefined,
  connection: undefined,
  method: undefined,
  path: undefined,
  event: undefined,
  status: undefined,
  since: 0,
  limit: 1000,
};

const request = (query: string) =>
  ({
    kind: 'request',
    from: 'client',
    account: 'alice',
    product: 'usdm',
    connection: undefined,
    path: '/p',
    query,
  }) as const;

const numbers = (journal: RequestJournal, query: Partial<JournalQuery> = {}) =>
  journal.find({ ...ALL, ...query }).entries.map(({ number }) => number);

describe('the ring', () => {
  test('lets the oldest go for the newest, and counts them', () => {
    const journal = new RequestJournal({ now: () => 5 }, 2000);
    for (let at = 0; at < 10; at++) journal.add(request('x'.repeat(400)));
    expect([numbers(journal), journal.dropped]).toEqual([[8, 9, 10], 7]);
    expect(journal.bytes).toBeLessThanOrEqual(2000);
  });

  test('counts what is completed later, and takes what comes too late for nothing', () => {
    const journal = new RequestJournal({ now: () => 5 }, 2000);
    const first = journal.add(request('a'));
    const second = journal.add(request('b'));
    journal.complete(second, { answer: 'y'.repeat(1600) });
    expect([numbers(journal), journal.dropped]).toEqual([[2], 1]);
    const { bytes } = journal;
    journal.complete(first, { answer: 'y'.repeat(1600) });
    expect(journal.bytes).toBe(bytes);
  });

  test('of one entry that is larger than all of it keeps nothing', () => {
    const journal = new RequestJournal({ now: () => 5 }, 2000);
    journal.add(request('x'.repeat(3000)));
    expect([numbers(journal), journal.dropped, journal.bytes]).toEqual([[], 1, 0]);
  });

  test('goes on counting behind what was dropped or cleared', () => {
    const journal = new RequestJournal({ now: () => 5 });
    for (let at = 0; at < 5; at++) journal.add(request('a'));
    expect(journal.find({ ...ALL, since: 1, limit: 2 })).toMatchObject({
      entries: [{ number: 2 }, { number: 3 }],
      next: 3,
    });
    expect(numbers(journal, { since: 3 })).toEqual([4, 5]);
    expect(journal.clear()).toBe(5);
    journal.add(request('a'));
    expect([numbers(journal), numbers(journal, { since: 2 }), numbers(journal, { since: 6 })]).toEqual([[6], [6], []]);
  });

  test('a page that ends with the last entry says that there is no more', () => {
    const journal = new RequestJournal({ now: () => 5 });
    for (let at = 0; at < 2; at++) journal.add(request('a'));
    expect(journal.find({ ...ALL, limit: 2 }).next).toBeUndefined();
  });
});
