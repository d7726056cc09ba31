/**
 * What rests on an API key and must be looked at again when its account changes: subscriptions of logons, signatures and
 * listenTokens. Those of a listenKey are the account's, and rest on no API key (spot-margin §9).
 */
export interface ApiKeyGrant {
  readonly account: string;
  /** The account was put, replaced or dropped: end what no longer holds. */
  review(): void;
}

export class ApiKeyGrants {
  readonly #byAccount = new Map<string, Set<ApiKeyGrant>>();

  hold(grant: ApiKeyGrant): void {
    const held = this.#byAccount.get(grant.account);
    if (held === undefined) this.#byAccount.set(grant.account, new Set([grant]));
    else held.add(grant);
  }

  release(grant: ApiKeyGrant): void {
    const held = this.#byAccount.get(grant.account);
    if (held?.delete(grant) && held.size === 0) this.#byAccount.delete(grant.account);
  }

  review(account: string): void {
    for (const grant of [...(this.#byAccount.get(account) ?? [])]) grant.review();
  }
}
