import type { RegistryChange, StoredListenKey } from '@listenpost/core';
import type { SeededRandom } from '../../../../core/src/testing/seeded-random.ts';

export function listenKey(id: number, change: Partial<StoredListenKey> = {}): StoredListenKey {
  return {
    id,
    stream: `account${id}/usdm`,
    secretId: 'k1',
    salt: `salt${id}`,
    lookup: `lookup${id}`,
    deadline: 1_767_225_600_000 + id,
    ...change,
  };
}

/** One to `length` changes of the forty ids from `first` on. */
export function changesWithin(random: SeededRandom, first: number, length: number): RegistryChange[] {
  return Array.from({ length: 1 + random.below(length) }, () => {
    const id = first + random.below(40);
    const deadline = random.below(2 ** 31) * 900;
    const kind = random.below(10);
    if (kind < 6) return { kind: 'extendListenKey', id, deadline };
    if (kind < 8) return { kind: 'dropListenKey', id };
    return { kind: 'putListenKey', key: listenKey(id, { deadline, salt: `salt${random.below(1000)}` }) };
  });
}

/** What a plain map holds after these changes. */
export function applyTo(model: Map<number, StoredListenKey>, changes: readonly RegistryChange[]): void {
  for (const change of changes) {
    if (change.kind === 'putListenKey') model.set(change.key.id, change.key);
    if (change.kind === 'dropListenKey') model.delete(change.id);
    if (change.kind !== 'extendListenKey') continue;
    const known = model.get(change.id);
    if (known !== undefined) model.set(change.id, { ...known, deadline: change.deadline });
  }
}
