import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { namesOf, parameterOf } from './fault-schema.ts';
import { FAULTS } from './index.ts';

const README = readFileSync(resolve(import.meta.dirname, '../../../../README.md'), 'utf8');

test.each(FAULTS.map((row) => [row.name, row] as const))('%s stands in the README with what it takes', (name, row) => {
  const line = README.split('\n').find((each) => each.startsWith(`| \`${name}\` |`));
  expect(line).toBeDefined();
  for (const parameter of Object.keys(row.takes)) expect(line).toContain(`\`${parameter}\``);
});

test('every name that a fault takes means one thing, or is told by its own row', () => {
  for (const row of FAULTS) {
    expect(new Set(namesOf(row)).size).toBe(namesOf(row).length);
    for (const name of namesOf(row)) expect(parameterOf(row, name).meaning).not.toBe('');
  }
});
