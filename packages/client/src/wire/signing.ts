/**
 * Signers by kind of API key (spot-margin §2.3), on WebCrypto, which every runtime has. Keys live in closures: what prints a
 * signer prints its kind, and no error repeats what it was given.
 */
import { OptionsError } from '../errors.ts';
import { type PrivateKeyKind, readPrivateKey } from './private-key.ts';
import type { Signer } from './signer.ts';

/** Ed25519's and RSA's signatures are base64, HMAC's are hex. */
type Write = (signature: Uint8Array) => string;

interface Algorithm {
  readonly name: string;
  readonly hash?: 'SHA-256';
}

const HMAC: Algorithm = { name: 'HMAC', hash: 'SHA-256' };

const PRIVATE: Readonly<Record<PrivateKeyKind, Algorithm>> = {
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ED25519: { name: 'Ed25519' },
};

/** @throws OptionsError where the secret cannot be one. */
export function hmacSigner(secret: string): Signer {
  if (typeof secret !== 'string' || secret === '' || /\s/.test(secret)) {
    throw new OptionsError('secret: expected the API secret as the venue showed it, without blanks or line ends');
  }
  return signer('HMAC', HMAC, toHex, () =>
    crypto.subtle.importKey('raw', new TextEncoder().encode(secret), HMAC, false, ['sign']),
  );
}

/**
 * Of an RSA or Ed25519 key in PEM, which says itself which of them it is. PKCS#8 everywhere; `passphrase` where there is
 * `node:crypto`.
 *
 * @throws OptionsError where the text holds no such key.
 */
export function privateKeySigner(pem: string, passphrase?: string): Signer {
  const { kind, pkcs8 } = readPrivateKey(pem, passphrase);
  const algorithm = PRIVATE[kind];
  return signer(kind, algorithm, toBase64, () =>
    crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']).catch(() => {
      throw new OptionsError(`privateKey: the ${kind} key in it is damaged, or not supported by this runtime`);
    }),
  );
}

/** The key is imported at the first signature: importing cannot be waited for where a signer is made. */
function signer(kind: Signer['kind'], algorithm: Algorithm, write: Write, importKey: () => Promise<CryptoKey>): Signer {
  let key: Promise<CryptoKey> | undefined;
  return {
    kind,
    async sign(payload) {
      key ??= importKey();
      const signature = await crypto.subtle.sign(algorithm, await key, new TextEncoder().encode(payload));
      return write(new Uint8Array(signature));
    },
  };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
