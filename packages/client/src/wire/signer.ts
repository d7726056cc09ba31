/** How requests are signed: one implementation for each kind of API key (spot-margin §2). */
export interface Signer {
  /**
   * HMAC: any session may be authenticated request by request. RSA, likewise. ED25519: the only kind that
   * `session.logon` takes.
   */
  readonly kind: 'HMAC' | 'RSA' | 'ED25519';
  /** Of the payload's UTF-8, as the wire writes it: hex for HMAC, base64 for the others. */
  sign(payload: string): Promise<string>;
}
