/**
 * A trigger that cannot be played as asked. The message is one sentence that begins with the bad field and says what
 * would do. Nothing was emitted and the account is as before.
 */
export class EmulatorError extends Error {
  /** The bad field: `scenario`, `account`, `scope` or a parameter's name. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.name = 'EmulatorError';
    this.field = field;
  }
}
