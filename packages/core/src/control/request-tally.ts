import type { Operation } from '@listenpost/protocol';

/** How often each operation was answered with each status. Plain counts, read when somebody asks. */
export class RequestTally {
  readonly #counts = new Map<Operation, Map<number, number>>();

  count(operation: Operation, status: number): void {
    let statuses = this.#counts.get(operation);
    if (statuses === undefined) {
      statuses = new Map();
      this.#counts.set(operation, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  *all(): Generator<{ readonly operation: Operation; readonly status: number; readonly count: number }> {
    for (const [operation, statuses] of this.#counts) {
      for (const [status, count] of statuses) yield { operation, status, count };
    }
  }
}
