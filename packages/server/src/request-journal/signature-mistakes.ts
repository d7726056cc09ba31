import type { SignatureExplanation } from './explain-signature.ts';

/** A client's mistake, once for all times that it was made. */
export interface SignatureMistake {
  readonly account: string;
  /** `PUT /fapi/v1/listenKey`, `session.logon on /ws-fapi/v1`. */
  readonly where: string;
  /** Of the last time. */
  explanation: SignatureExplanation;
  count: number;
  /** In ms of virtual time. */
  readonly firstAt: number;
  lastAt: number;
}

/** Of what clients get wrong: one that grows beyond this makes them at random, and is told no more. */
const MISTAKES_MAX = 1000;

export class SignatureMistakes {
  readonly #mistakes = new Map<string, SignatureMistake>();

  /** Whether it was made for the first time. */
  add(account: string, where: string, explanation: SignatureExplanation, at: number): boolean {
    const name = JSON.stringify([account, where, explanation.slips.map(({ slip }) => slip)]);
    const known = this.#mistakes.get(name);
    if (known !== undefined) {
      known.explanation = explanation;
      known.count++;
      known.lastAt = at;
      return false;
    }
    if (this.#mistakes.size >= MISTAKES_MAX) return false;
    this.#mistakes.set(name, { account, where, explanation, count: 1, firstAt: at, lastAt: at });
    return true;
  }

  /** The one made last comes first. */
  all(): readonly SignatureMistake[] {
    return [...this.#mistakes.values()].sort((left, right) => right.lastAt - left.lastAt);
  }

  clear(): void {
    this.#mistakes.clear();
  }
}
