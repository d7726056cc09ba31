/**
 * `docs/event-identity.md`: by what two pushes of one event are known as one, written from the event tables. Run this file to write
 * what the tables say now.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type EventRow, eventRows, PRODUCTS, type ProductId } from '@listenpost/protocol';

const DOCUMENT = new URL('../../docs/event-identity.md', import.meta.url);
export const COMMAND = 'npx bun tests/conformance/event-identity.ts';

const INTRODUCTION = `# Event identity

What tells one event of an account from another. Binance numbers no events, so that whoever reads an account on two connections (while
one takes over from the other, or always, to lose nothing) must know by an event's own members whether both have brought it. The SDK
does so by this table; it holds for any other consumer too. A venue that gives positions needs none of it.

Two pushes of the same event have the same values at all paths of its row, and the same \`e\`; two events differ in at least one. \`[]\`
stands for every item of a list, in order. A member that is absent is a value of its own.

- \`E\`, the moment of the push, is part of an identity only where nothing else would tell two events apart. Where two connections stamp
  such an event differently, it is told twice.
- Two transfers of the same amount of the same asset at the same millisecond are one \`balanceUpdate\` or \`externalLockUpdate\` by any
  member that Spot and margin give.
- An event that is not in this table, or lacks a member that its row always has, is told apart by its whole text: without \`E\` where
  it has a \`T\`.

The column \`identity\` of \`packages/protocol/src/events\` is the source; \`${COMMAND}\` writes this page.
`;

/** The page as the tables say it. */
export function identityDocument(): string {
  const rows = Object.keys(PRODUCTS).flatMap((product) => eventRows(product as ProductId));
  const names = [...new Set(rows.map(({ name }) => name))].sort();
  const lines = names.flatMap((name) => linesOf(rows.filter((row) => row.name === name)));
  return `${INTRODUCTION}\n| Event | Products | Identity |\n|---|---|---|\n${lines.join('\n')}\n`;
}

/** One for the products that agree. */
function linesOf(rows: readonly EventRow[]): string[] {
  const byIdentity = Map.groupBy(rows, ({ identity }) => identity.map((path) => `\`${path}\``).join(' '));
  return [...byIdentity].map(
    ([identity, alike]) =>
      `| \`${alike[0]?.name}\` | ${alike.map(({ product }) => product).join(', ')} | ${identity} |`,
  );
}

/** The page as it stands. */
export function readDocument(): string {
  return readFileSync(DOCUMENT, 'utf8');
}

if (import.meta.main) writeFileSync(DOCUMENT, identityDocument());
