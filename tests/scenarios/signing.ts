/** Signatures as clients make them (spot-margin §2.2, §2.3). */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

export type Sign = (payload: string) => string;

export const hmac =
  (secret: string): Sign =>
  (payload) =>
    createHmac('sha256', secret).update(payload).digest('hex');

export const ed25519 =
  (privateKey: string): Sign =>
  (payload) =>
    sign(null, Buffer.from(payload), privateKey).toString('base64');

export const rsa =
  (privateKey: string): Sign =>
  (payload) =>
    sign('sha256', Buffer.from(payload), privateKey).toString('base64');

/** `params` of a WebSocket API request, sorted by name and signed over what `encode` makes of each value. */
export function signedParams(
  params: Readonly<Record<string, string | number>>,
  make: Sign,
  encode: (value: string) => string = (value) => value,
): Record<string, string | number> {
  const payload = Object.keys(params)
    .sort()
    .map((name) => `${name}=${encode(String(params[name]))}`)
    .join('&');
  return { ...params, signature: make(payload) };
}

export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** PEM texts of a fresh pair. */
export function keyPair(type: 'ed25519' | 'rsa'): KeyPair {
  const encodings = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const;
  return type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048, ...encodings })
    : generateKeyPairSync('ed25519', encodings);
}
