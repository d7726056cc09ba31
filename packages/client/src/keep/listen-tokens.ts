/** listenTokens of an account's margin, one scope at a time (spot-margin §4.3). */
import type { Clock } from '../doors.ts';
import type { ListenTokenSource } from './grant-source.ts';

export interface ListenTokensOptions {
  readonly clock: Clock;
  readonly tokens: ListenTokenSource;
  readonly validityMs: number;
}

interface Token {
  readonly token: string;
  /** In ms by the machine's clock. */
  readonly deadline: number;
}

/** A token is used by every feed that asks within so much of its life, so that two connections do not make two. */
const SHARED_UNTIL = 0.1;

export class ListenTokens {
  readonly #options: ListenTokensOptions;
  readonly #made = new Map<string, { readonly at: number; readonly token: Promise<Token> }>();

  constructor(options: ListenTokensOptions) {
    this.#options = options;
  }

  /** A token for the scope that has nearly all of its life before it. */
  fresh(scope: string): Promise<Token> {
    const { clock, validityMs } = this.#options;
    const now = clock.now();
    const made = this.#made.get(scope);
    if (made !== undefined && now - made.at < validityMs * SHARED_UNTIL) return made.token;
    const token = this.#make(scope);
    this.#made.set(scope, { at: now, token });
    token.catch(() => this.forget(scope));
    return token;
  }

  /** The venue did not take it: the next one is made anew. */
  forget(scope: string): void {
    this.#made.delete(scope);
  }

  async #make(scope: string): Promise<Token> {
    const { clock, tokens, validityMs } = this.#options;
    const askedAt = clock.now();
    const token = await tokens(scope, validityMs);
    return { token, deadline: askedAt + validityMs };
  }
}
