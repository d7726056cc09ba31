import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Fixture {
  readonly cases: readonly { readonly name: string; readonly event: Record<string, unknown> }[];
}

/** The first case of a conformance fixture: an event as its row says, ready to publish. */
export function fixtureEvent(product: string, event: string): Record<string, unknown> {
  const path = join(import.meta.dirname, '..', 'conformance', product, `${event}.json`);
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
  const first = fixture.cases[0];
  if (first === undefined) throw new Error(`${path} has no case`);
  return first.event;
}
