import { expect, test } from 'bun:test';
import { nodeRandom } from './random.ts';

test('gives as many bytes as asked, and not the same again', () => {
  expect(nodeRandom.bytes(0)).toHaveLength(0);
  expect(nodeRandom.bytes(16)).toHaveLength(16);
  expect(nodeRandom.bytes(16)).not.toEqual(nodeRandom.bytes(16));
});
