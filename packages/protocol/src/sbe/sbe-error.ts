/** Why a value or a frame is no SBE message of the schema, in a sentence that names the field. */
export class SbeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SbeError';
  }
}
