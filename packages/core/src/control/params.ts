import { JsonNumber } from '../json.ts';
import { WireError } from './wire-error.ts';

/**
 * Parameters of one call, from whichever door. Clients send numbers as numbers and as text (clients reference, row 2), so
 * every value is read as text.
 */
export class Params {
  /** Whether one name came twice where it may come once. */
  readonly repeated: boolean;
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>, repeated = false) {
    this.#values = values;
    this.repeated = repeated;
  }

  /** Undefined when it was not sent or was empty: an optional one counts as not sent then. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === '' ? undefined : value;
  }

  /** Throws -1102 when it was not sent, and -1105 when it was sent empty. */
  mandatory(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new WireError('MANDATORY_PARAM', [name]);
    if (value === '') throw new WireError('PARAM_EMPTY', [name]);
    return value;
  }

  /** What was sent, be it empty. */
  sent(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** What was sent and is not null, empty texts too. */
  names(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** `params` of a WebSocket API request: numbers by their literal, booleans as `true`/`false`, the rest as compact JSON. */
  static ofJson(params: Readonly<Record<string, unknown>>): Params {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(params)) {
      if (value === null || value === undefined) continue;
      values.set(name, value instanceof JsonNumber ? value.literal : jsonText(value));
    }
    return new Params(values);
  }

  /** What a WebSocket API signature is made over (spot-margin §2.2): every member but `signature`, sorted by name. */
  signedPayload(encode: (value: string) => string = (value) => value): string {
    return [...this.#values.entries()]
      .filter(([name]) => name !== 'signature')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&');
  }
}

const jsonText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
