/** An expected refusal of an admin call. Thrown anywhere in a handler, answered in one place. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The line of an NDJSON body that is at fault, from 1. */
  readonly line: number | undefined;

  constructor(
    status: number,
    reason: string,
    more: { headers?: Record<string, string>; line?: number; cause?: unknown } = {},
  ) {
    super(reason, { cause: more.cause });
    this.name = 'Refusal';
    this.status = status;
    this.headers = more.headers ?? {};
    this.line = more.line;
  }
}

/** The body of every error: `{"error":{"line"?,"reason"}}`. */
export function errorBody(reason: string, line?: number): string {
  return JSON.stringify({ error: line === undefined ? { reason } : { line, reason } });
}
