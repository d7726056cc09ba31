/**
 * The one door to cryptography. Core holds rules and no primitives; the server fills this with the runtime's own.
 */
import type { ApiKeyMaterial } from './accounts.ts';

export interface Crypto {
  /**
   * A check of signatures made with this API key's algorithm, and no other algorithm's.
   * Throws `TypeError` with a sentence for the operator when the key material cannot be read.
   */
  verifier(material: ApiKeyMaterial): (payload: string, signature: string) => boolean;
  /** Compares without telling by time where two texts differ. */
  equal(left: string, right: string): boolean;
}

/**
 * Secrets that live outside the database (config `secrets`), current and previous. What is stored under one of them names
 * it by `secretId`, so that rotation cuts nothing that is alive.
 */
export interface SecretBox {
  readonly currentSecretId: string;
  /** Every secret that may still have live keys under it, the current one first. */
  readonly secretIds: readonly string[];
  /** The listenKey of this salt and stream: `length` characters of `[A-Za-z0-9]`, evenly distributed. */
  deriveListenKey(secretId: string, salt: string, stream: string, length: number): string;
  /** The keyed hash under which a listenKey is looked up: 22 characters of base64url. */
  lookupOf(secretId: string, listenKey: string): string;
  /** A listenToken that says this: 70 characters of unpadded base64, another one each time. `TOKEN_PAYLOAD_BYTES` bytes. */
  sealToken(payload: Uint8Array): string;
  /** What a listenToken says; undefined for every text that no secret of the box has sealed. Never throws. */
  openToken(text: string): Uint8Array | undefined;
}

/** What fits into a listenToken beside what seals it. */
export const TOKEN_PAYLOAD_BYTES = 19;
