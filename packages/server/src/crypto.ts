/**
 * Signatures and constant-time comparison, with the runtime's own primitives (spot-margin §2.3, test vectors Appendix B).
 */
import type { KeyObject } from 'node:crypto';
import { createHmac, createPublicKey, createSecretKey, hash, timingSafeEqual, verify } from 'node:crypto';
import type { ApiKeyMaterial, Crypto } from '@listenpost/core';

type Verifier = (payload: string, signature: string) => boolean;

/** 2048 is the exchange's own least; above 8192 one verification would hold the event loop for milliseconds. */
const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 8192;

const HMAC_SIGNATURE = /^[0-9a-fA-F]{64}$/;
const ED25519_SIGNATURE_BYTES = 64;
const PEM_LABEL = /^-----BEGIN ([A-Z0-9 ]+)-----/;

export const nodeCrypto: Crypto = {
  verifier: (material) => {
    switch (material.type) {
      case 'HMAC':
        return hmacVerifier(material.secret.reveal());
      case 'RSA':
        return rsaVerifier(publicKeyOf(material));
      case 'ED25519':
        return ed25519Verifier(publicKeyOf(material));
    }
  },
  // Both sides are hashed first, so that neither content nor length shows in the time.
  equal: (left, right) => timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer')),
};

function hmacVerifier(secret: string): Verifier {
  if (secret === '') throw new TypeError('the HMAC secret is empty; give the secret that clients sign with');
  const key = createSecretKey(secret, 'utf8');
  return (payload, signature) => {
    if (!HMAC_SIGNATURE.test(signature)) return false;
    const expected = createHmac('sha256', key).update(payload, 'utf8').digest();
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
  };
}

function rsaVerifier(key: KeyObject): Verifier {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
    throw new TypeError(
      `the RSA key has ${bits} bits; use ${RSA_BITS_MIN} to ${RSA_BITS_MAX}, ` +
        'for example from: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096',
    );
  }
  return (payload, signature) => {
    const decoded = base64(signature, Math.ceil(bits / 8));
    return decoded !== undefined && verify('sha256', Buffer.from(payload, 'utf8'), key, decoded);
  };
}

function ed25519Verifier(key: KeyObject): Verifier {
  return (payload, signature) => {
    const decoded = base64(signature, ED25519_SIGNATURE_BYTES);
    return decoded !== undefined && verify(null, Buffer.from(payload, 'utf8'), key, decoded);
  };
}

/** Strict: standard alphabet, padded, no stray bits, exactly this many bytes; so one signature has one spelling. */
function base64(text: string, bytes: number): Buffer | undefined {
  if (text.length !== 4 * Math.ceil(bytes / 3)) return undefined;
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text ? decoded : undefined;
}

const KEY_TYPES = { RSA: 'rsa', ED25519: 'ed25519' } as const;

function publicKeyOf(material: Exclude<ApiKeyMaterial, { type: 'HMAC' }>): KeyObject {
  const key = readPublicKey(material.publicKey.trim());
  const wanted = KEY_TYPES[material.type];
  if (key.asymmetricKeyType !== wanted) {
    throw new TypeError(
      `this PEM holds a key of type ${key.asymmetricKeyType ?? 'unknown'}, but the API key's type is ${material.type}; ` +
        'change the type or give the other key',
    );
  }
  return key;
}

function readPublicKey(pem: string): KeyObject {
  const label = PEM_LABEL.exec(pem)?.[1];
  if (label !== 'PUBLIC KEY') throw new TypeError(adviceFor(label));
  try {
    return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch (error) {
    throw new TypeError('the PEM public key cannot be read; paste it whole, with its line breaks as \\n', {
      cause: error,
    });
  }
}

function adviceFor(label: string | undefined): string {
  if (label === undefined) return 'not a PEM public key; expected "-----BEGIN PUBLIC KEY-----…"';
  if (label.endsWith('PRIVATE KEY')) {
    return 'this is a private key, which only the signing client may hold; give what `openssl pkey -in key.pem -pubout` prints';
  }
  if (label === 'RSA PUBLIC KEY') {
    return 'a PKCS#1 public key; give what `openssl rsa -RSAPublicKey_in -in key.pem -pubout` prints';
  }
  return `a PEM of ${label}; expected "-----BEGIN PUBLIC KEY-----…"`;
}
