import { expect, test } from 'bun:test';
import { eventRows, PRODUCTS, type ProductId } from '@listenpost/protocol';
import { COMMAND, identityDocument, readDocument } from './event-identity.ts';

test(`docs/event-identity.md says what the tables say; if a change is meant: ${COMMAND}`, () => {
  expect(readDocument()).toBe(identityDocument());
});

test('the page has a line for every event of every product', () => {
  const lines = identityDocument().split('\n');
  for (const product of Object.keys(PRODUCTS) as ProductId[]) {
    for (const { name } of eventRows(product)) {
      const found = lines.filter(
        (line) => line.startsWith(`| \`${name}\` |`) && line.split(' | ')[1]?.split(', ').includes(product),
      );
      expect([product, name, found.length]).toEqual([product, name, 1]);
    }
  }
});
