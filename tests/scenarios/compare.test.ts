/** The comparison's tables: made from what was counted, of what is installed, and not written by hand. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CLIENTS, versionOf } from '../../compare/clients.mjs';
import { FAULTS } from '../../compare/faults.mjs';
import { BEGIN, cell, END, section, withSection } from '../../compare/table.mjs';
import { tally } from '../../compare/tally.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const run = JSON.parse(read('compare/results.json'));

describe('the tables', () => {
  test.each(['README.md', 'docs/compare.md'])('of %s are what the last run made', (path) => {
    const text = read(path);
    expect(text).toBe(withSection(text, section(run)));
  });

  test('are of the clients that are installed: npm run compare makes them anew', () => {
    expect(run.versions).toEqual(
      Object.fromEntries(CLIENTS.map((client) => [client.package, versionOf(client.package)])),
    );
  });

  test('have a cell for each client and fault of its product', () => {
    for (const { id, products } of FAULTS) {
      const clients = CLIENTS.filter(({ product }) => products.includes(product)).map((client) => client.id);
      expect(Object.keys(run.results[id]).sort()).toEqual(clients.sort());
      for (const counts of Object.values(run.results[id]) as {
        published: number;
        delivered: number;
        missed: number;
      }[]) {
        expect(counts.published).toBeGreaterThan(50);
        expect(counts.delivered + counts.missed).toBeLessThanOrEqual(counts.published);
      }
    }
  });

  test('say what is promised: with resume the SDK brings everything once, and without it misses nothing in silence', () => {
    for (const { id } of FAULTS) {
      for (const client of CLIENTS.filter(({ module }) => module === 'sdk')) {
        const counts = run.results[id][client.id];
        if (counts === undefined) continue;
        expect({ ...counts, id, client: client.id }).toMatchObject({ silent: 0, duplicated: 0, strangers: 0 });
        if (client.resume) expect(cell(counts)).toBe('all');
      }
    }
  });

  test('are not put where there are no markers', () => {
    expect(() => withSection('# no tables', 'x')).toThrow(BEGIN);
    expect(withSection(`a ${BEGIN} old ${END} z`, 'new')).toBe(`a ${BEGIN}\n\nnew\n\n${END} z`);
  });
});

const came = (number: number, callback = 0, stream = 0) => ({ callback, stream, number });

describe('counting', () => {
  test('everything once is all', () => {
    expect(cell(tally([came(0), came(1), came(2)], 2, 1))).toBe('all');
  });

  test('a hole is told where anything was told between its neighbours, and else was silent', () => {
    const log = [came(1), { told: 'close' }, came(3), came(5), { told: 'error' }];
    expect(tally(log, 6, 1)).toEqual({ published: 6, delivered: 3, missed: 3, silent: 1, duplicated: 0, strangers: 0 });
    expect(cell(tally(log, 6, 1))).toBe('**1 of 6 missed in silence**; 2 of 6 missed, told');
  });

  test('what is told before a hole or behind it says nothing of it', () => {
    expect(tally([{ told: 'x' }, came(1), came(3), { told: 'x' }, came(4)], 4, 1)).toMatchObject({
      missed: 1,
      silent: 1,
    });
  });

  test('what comes again is counted as that', () => {
    expect(tally([came(1), came(1), came(2), came(1)], 2, 1)).toMatchObject({ delivered: 2, duplicated: 2, missed: 0 });
  });

  test('what comes at another account’s callback is a stranger there, and not missing as well', () => {
    const log = [came(1), came(1, 0, 1), came(2), came(2, 1, 1)];
    expect(tally(log, 2, 2)).toEqual({ published: 4, delivered: 3, missed: 0, silent: 0, duplicated: 0, strangers: 1 });
    expect(cell(tally(log, 2, 2))).toBe('**1 to the wrong account**');
  });
});
