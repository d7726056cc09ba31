import { type ErrorDialect, type ErrorName, errorOf } from '@listenpost/protocol';

/** An expected refusal: a row of the error table with its blanks filled. Thrown anywhere in the hallway, caught once. */
export class WireError extends Error {
  readonly row: ErrorName;
  readonly fill: readonly (string | number)[];
  /** When the caller may come back, in ms since the Unix epoch; set on 429 and 418. */
  readonly retryAt: number | undefined;

  constructor(row: ErrorName, fill: readonly (string | number)[] = [], retryAt?: number) {
    super(row);
    this.name = 'WireError';
    this.row = row;
    this.fill = fill;
    this.retryAt = retryAt;
  }

  in(dialect: ErrorDialect): { code: number; status: number; msg: string } {
    return errorOf(this.row, dialect, ...this.fill);
  }
}
