import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { lifecyclesPage } from '../../tools/lifecycles-page.ts';
import { ENDS } from '../ends.ts';
import { ERRORS } from '../errors.ts';
import {
  isRefusedInput,
  LIFECYCLES,
  LISTEN_KEY_LIFECYCLE,
  LISTEN_TOKEN_LIFECYCLE,
  type Lifecycle,
  nextState,
} from './index.ts';

const cellsOf = ({ transitions }: Lifecycle) =>
  Object.entries(transitions).flatMap(([state, row]) =>
    Object.entries(row).flatMap(([input, cell]) => (cell === undefined ? [] : [{ state, input, cell }])),
  );

describe.each(LIFECYCLES.map((lifecycle) => [lifecycle.name, lifecycle] as const))(
  'the life of a %s',
  (_name, life) => {
    const cells = cellsOf(life);

    test('begins in a state, and reaches every other', () => {
      const reached = new Set([life.initial]);
      for (const state of reached) {
        for (const input of Object.keys(life.inputs)) reached.add(nextState(life, state, input) ?? state);
      }
      expect([...reached].sort()).toEqual(Object.keys(life.states).sort());
    });

    test('takes every input in some state, and no other', () => {
      const taken = new Set(cells.filter(({ cell }) => !isRefusedInput(cell)).map(({ input }) => input));
      const refused = new Set(cells.filter(({ cell }) => isRefusedInput(cell)).map(({ input }) => input));
      expect([...new Set([...taken, ...refused])].sort()).toEqual(Object.keys(life.inputs).sort());
    });

    test('names the section of every cell, and rows that exist', () => {
      for (const { cell } of cells) {
        expect(cell.source).toMatch(
          /^(derivatives|spot-margin) §\d[\d.]*(, §\d[\d.]*)*(; spot-margin §\d[\d.]*(, §\d[\d.]*)*)?$/,
        );
        const error = isRefusedInput(cell) ? cell.refused : cell.answers;
        if (error !== undefined) expect(Object.keys(ERRORS)).toContain(error);
        if (!isRefusedInput(cell)) expect(Object.keys(life.states)).toContain(cell.to);
      }
    });

    test('tells only as it leaves a state', () => {
      for (const { state, cell } of cells) {
        if (!isRefusedInput(cell) && cell.tells !== undefined) expect(cell.to).not.toBe(state);
      }
    });
  },
);

test('a refused input, and one that cannot come, lead nowhere', () => {
  expect(nextState(LISTEN_KEY_LIFECYCLE, 'live', 'deadline')).toBe('expired');
  expect(nextState(LISTEN_KEY_LIFECYCLE, 'expired', 'keepalive')).toBeUndefined();
  expect(nextState(LISTEN_KEY_LIFECYCLE, 'expired', 'deadline')).toBeUndefined();
});

/** A server holds what is live, and nothing of what is not. */
test.each([
  ['listenKey', LISTEN_KEY_LIFECYCLE.transitions],
  ['listenToken', LISTEN_TOKEN_LIFECYCLE.transitions],
] as const)('what was never and what has died answer alike: %s', (_name, { absent, live: _live, ...dead }) => {
  for (const row of Object.values(dead)) expect(row).toEqual(absent);
});

test('a dead token is refused alike, whatever the connection reads: nobody can tell whose it was', () => {
  const { absent, ...others } = LISTEN_TOKEN_LIFECYCLE.transitions;
  for (const { subscribeDead } of Object.values(others)) expect(subscribeDead).toEqual(absent.subscribeDead);
});

test('an end of a connection that a client may know ahead is there', () => {
  expect(Object.keys(ENDS)).toContainValues(['lifetime', 'lifetimeSpot', 'shutdown']);
});

test('docs/lifecycles.md shows the tables as they are; make-lifecycles-page.ts writes it anew', () => {
  const page = readFileSync(new URL('../../../../docs/lifecycles.md', import.meta.url), 'utf8');
  expect(page).toBe(lifecyclesPage(LIFECYCLES));
});
