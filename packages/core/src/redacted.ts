/**
 * A value that must not appear in a log, an error or an answer. Printing it by any usual road prints `[redacted]`;
 * `reveal` is the one way out, so that each use can be found by name.
 */
export class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  /** What `console.log` and `util.inspect` call on Node and Bun. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
