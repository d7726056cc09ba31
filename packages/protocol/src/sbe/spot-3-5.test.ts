import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { sbeTable } from '../../tools/sbe-table.ts';
import { parseXml } from '../../tools/xml.ts';
import { eventRows } from '../events/index.ts';
import { planVersion } from './plan.ts';
import type { SbeFieldRow, SbeGroupRow, SbeMessageRow } from './schema.ts';
import { SPOT_3_5 } from './spot-3-5.ts';

const xmlOf = (version: string): string =>
  readFileSync(new URL(`../../schemas/spot_${version}.xml`, import.meta.url), 'utf8');

test('the table is what the tool makes of the official XML', () => {
  expect(SPOT_3_5).toEqual(sbeTable(xmlOf('3_5')));
});

describe('versions', () => {
  const oldest = sbeTable(xmlOf('3_2'));

  /** 3:3 put the message in without a sinceVersion. */
  const MARKED_LATE: readonly string[] = ['AllocationReportEvent'];

  test('3:5 cut to version 2 is the official 3:2', () => {
    const cut: readonly SbeMessageRow[] = SPOT_3_5.messages
      .filter(({ sinceVersion = 0, name }) => sinceVersion <= 2 && !MARKED_LATE.includes(name))
      .map((row) => ({ ...row, fields: row.fields.filter(({ sinceVersion = 0 }) => sinceVersion <= 2) }));
    expect(cut).toEqual(oldest.messages);
  });

  test('enums and sets of 3:2 are those of 3:5 but for one symbolStatus', () => {
    const enums: unknown = Object.fromEntries(
      Object.keys(oldest.enums).map((name) => [
        name,
        SPOT_3_5.enums[name]?.filter(({ text }) => text !== 'CANCEL_ONLY'),
      ]),
    );
    expect(enums).toEqual(oldest.enums);
    expect(SPOT_3_5.sets).toEqual(oldest.sets);
  });

  test('only expiryReason and serverShutdown came after version 2', () => {
    const later = SPOT_3_5.messages.flatMap((message) =>
      [message, ...message.fields].filter(({ sinceVersion = 0 }) => sinceVersion > 2).map(({ name }) => name),
    );
    expect(later).toEqual(['expiryReason', 'ServerShutdownEvent']);
  });
});

/** spot-margin §7.5 and §7.6, and what 3:2 and 3:1 have less. */
const BLOCK_LENGTHS: Readonly<Record<number, readonly [v5: number, v2: number, v0: number]>> = {
  50: [3, 3, 3],
  51: [26, 26, 26],
  52: [26, 26, 26],
  53: [26, 26, 26],
  54: [0, 0, -1],
  100: [18, 18, 18],
  101: [0, 0, 0],
  102: [8, 8, 8],
  500: [0, 0, 0],
  501: [0, 0, 0],
  502: [0, 0, 0],
  503: [2, 2, 0],
  504: [0, 0, 0],
  505: [10, 10, -1],
  600: [122, 122, 120],
  601: [27, 27, 25],
  602: [10, 10, 8],
  603: [282, 281, 268],
  604: [27, 27, 25],
  606: [29, 29, 27],
  607: [18, 18, 16],
  610: [8, -1, -1],
  999: [0, 0, 0],
};

test('root blocks are as long as the reference says, in every version', () => {
  const plans = [5, 2, 0].map((version) => planVersion(SPOT_3_5, version));
  for (const [templateId, lengths] of Object.entries(BLOCK_LENGTHS)) {
    const found = plans.map((plan) => plan.byTemplate.get(Number(templateId))?.body.blockLength ?? -1);
    expect([templateId, ...found]).toEqual([templateId, ...lengths]);
  }
});

test('group entries are as long as the reference says', () => {
  const { byTemplate } = planVersion(SPOT_3_5, 5);
  const lengths = [50, 54, 606, 607].map((id) => byTemplate.get(id)?.body.groups.map(({ body }) => body.blockLength));
  expect(lengths).toEqual([[19], [10], [8], [17]]);
});

test('methods find their result as §7.4 says', () => {
  const { byMethod } = planVersion(SPOT_3_5, 5);
  expect(Object.fromEntries([...byMethod].map(([method, { row }]) => [method, row.templateId]))).toEqual({
    'session.logon': 51,
    'session.status': 52,
    'session.logout': 53,
    'session.subscriptions': 54,
    ping: 101,
    time: 102,
    exchangeInfo: 103,
    'userDataStream.start': 500,
    'userDataStream.ping': 501,
    'userDataStream.stop': 502,
    'userDataStream.subscribe': 503,
    'userDataStream.subscribe.signature': 503,
    'userDataStream.unsubscribe': 504,
    'userDataStream.subscribe.listenToken': 505,
  });
});

describe('the schema and the event tables name the same wire', () => {
  const products = ['spot', 'margin', 'isolated'] as const;
  /** Of streams opened with a listenKey, which are JSON only. */
  const rows = products.flatMap((product) => eventRows(product).filter(({ name }) => name !== 'listenKeyExpired'));

  const messageOf = (event: string): SbeMessageRow | undefined =>
    SPOT_3_5.messages.find((message) => message.event === event);

  const members = (
    body: Pick<SbeGroupRow, 'fields' | 'groups' | 'data'>,
    path = '',
  ): [string, SbeFieldRow['type'] | 'group' | 'message' | 'string'][] => [
    ...[...body.fields, ...body.data]
      .filter(({ name, type }) => type !== 'exponent8' && name !== 'subscriptionId')
      .map(({ key, name, type }): [string, SbeFieldRow['type'] | 'message' | 'string'] => [path + (key ?? name), type]),
    ...body.groups.flatMap((group) => members(group, `${path}${group.key}[].`)),
  ];

  /** Of no JSON (spot-margin §10 U25). */
  const SBE_ONLY: readonly string[] = ['y'];

  for (const row of rows) {
    const leaves = row.fields.flatMap((field) => (field.fields.length === 0 ? [field] : [...field.fields]));
    const message = messageOf(row.name);

    test(`${row.product}/${row.name}: every field has a place`, () => {
      const places = new Map(message === undefined ? [] : members(message));
      expect(leaves.filter(({ path }) => path !== 'e' && !places.has(path)).map(({ path }) => path)).toEqual([]);
    });

    test(`${row.product}/${row.name}: times, decimals, integers and texts are the same ones`, () => {
      const places = new Map(message === undefined ? [] : members(message));
      for (const { path, time, type } of leaves) {
        const place = places.get(path);
        if (place === undefined) continue;
        expect([path, place === 'utcTimestampUs']).toEqual([path, time]);
        expect([path, place === 'mantissa64']).toEqual([path, type === 'dec']);
        expect([path, place === 'boolEnum']).toEqual([path, type === 'bool']);
      }
    });
  }

  test('what only the schema has is named', () => {
    const known = new Set(
      rows.flatMap(({ name, fields }) =>
        fields.flatMap((field) => [`${name}.${field.path}`, ...field.fields.map(({ path }) => `${name}.${path}`)]),
      ),
    );
    const events = SPOT_3_5.messages.filter(({ event }) => event !== undefined && event !== 'allocationReport');
    const extra = events.flatMap((message) =>
      members(message)
        .map(([path]) => `${message.event}.${path}`)
        .filter((path) => !known.has(path)),
    );
    expect(extra).toEqual(SBE_ONLY.map((key) => `executionReport.${key}`));
  });
});

describe('reading XML', () => {
  test('elements, attributes over several lines, texts and the comment before', () => {
    const root = parseXml('<?xml version="1.0"?><a x="1"\n  y="2 > 1"><!-- of b --><b/><c>7</c></a>');
    expect(root.attributes).toEqual({ x: '1', y: '2 > 1' });
    expect(root.children.map(({ name, text, comment }) => ({ name, text, comment }))).toEqual([
      { name: 'b', text: '', comment: 'of b' },
      { name: 'c', text: '7', comment: '' },
    ]);
  });

  test('what is not understood is refused', () => {
    for (const xml of ['<a>', '<a></b>', '</a>', '<a <b/>', '<a x=1/>', '', 'text']) {
      expect(() => parseXml(xml)).toThrow('XML');
    }
  });
});
