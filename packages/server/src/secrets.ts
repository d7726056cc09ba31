/**
 * The key material behind listenKeys and sealed accounts, kept outside the database (docs/decisions/0003).
 */

import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { SecretBox } from '@listenpost/core';
import { Redacted, TOKEN_PAYLOAD_BYTES } from '@listenpost/core';

export interface Secret {
  /** Names the secret in everything that is stored under it; never secret itself. */
  readonly id: string;
  /** At least `SECRET_CHARACTERS_MIN` characters. Its strength is that of every key under it. */
  readonly value: Redacted;
}

export interface Secrets {
  readonly current: Secret;
  /** Still opens what was made under it. Drop one when its last listenKey is dead and its accounts are sealed anew. */
  readonly previous: readonly Secret[];
}

/** A `SecretBox` that also seals texts for the database. */
export interface SealingSecretBox extends SecretBox {
  /**
   * Encrypts under the current secret; each call gives another text. `context` says what the text belongs to (an account
   * id): a text moved to another row does not open there.
   */
  seal(plaintext: string, context: string): string;
  /** Throws `SecretsError` when the secret is unknown, the text was altered or it belongs to another context. */
  open(sealed: string, context: string): string;
}

export class SecretsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SecretsError';
  }
}

/**
 * Whoever holds the database can try values against a look-up at leisure, so the value must be beyond guessing: 16
 * characters of base64 hold 96 bits, and what the messages tell to run makes 384.
 */
const SECRET_CHARACTERS_MIN = 16;
export const SECRET_ID = /^[A-Za-z0-9_-]{1,32}$/;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Bytes from here on are thrown away: keeping them would favour the first eight letters. */
const EVEN_BELOW = 256 - (256 % ALPHABET.length);

const LOOKUP_CHARACTERS = 22;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED_FORM = 's1';

/** Printed: 52 bytes of base64 without its padding. */
const TOKEN_CHARACTERS = 70;
/** One token has one spelling: the last character carries two bits, and the four behind them are zero. */
const TOKEN_TEXT = /^[A-Za-z0-9+/]{69}[AQgw]$/;
const TOKEN_FORM = 1;
const TOKEN_NONCE_AT = 5;
const TOKEN_PAYLOAD_AT = TOKEN_NONCE_AT + NONCE_BYTES;
const TOKEN_SEAL_AT = TOKEN_PAYLOAD_AT + TOKEN_PAYLOAD_BYTES;

interface SubKeys {
  readonly derive: KeyObject;
  readonly lookup: KeyObject;
  readonly seal: KeyObject;
  readonly token: KeyObject;
  /** The first bytes of each of its listenTokens: the form, and which secret. */
  readonly tokenHeader: Buffer;
}

/** `nonceOf`: where the nonces of listenTokens come from; seeded only where the secrets are. */
export function createSecretBox(
  secrets: Secrets,
  nonceOf: (length: number) => Uint8Array = randomBytes,
): SealingSecretBox {
  const all = [secrets.current, ...secrets.previous];
  const subKeys = new Map<string, SubKeys>();
  for (const secret of all) {
    const problem = problemOf(secret);
    if (problem !== undefined) throw new SecretsError(problem);
    if (subKeys.has(secret.id)) throw new SecretsError(`two secrets have the id "${secret.id}"; give each its own`);
    subKeys.set(secret.id, subKeysOf(secret.value));
  }
  const keysOf = (secretId: string): SubKeys => {
    const keys = subKeys.get(secretId);
    if (keys !== undefined) return keys;
    throw new SecretsError(
      `something stored needs the secret "${secretId}", which is not configured; add it to secrets.previous`,
    );
  };
  return {
    currentSecretId: secrets.current.id,
    secretIds: all.map((secret) => secret.id),
    deriveListenKey: (secretId, salt, stream, length) => deriveText(keysOf(secretId).derive, salt, stream, length),
    lookupOf: (secretId, listenKey) =>
      createHmac('sha256', keysOf(secretId).lookup).update(listenKey).digest('base64url').slice(0, LOOKUP_CHARACTERS),
    seal: (plaintext, context) => seal(secrets.current.id, keysOf(secrets.current.id).seal, plaintext, context),
    sealToken: (payload) => sealToken(keysOf(secrets.current.id), payload, nonceOf(NONCE_BYTES)),
    openToken: (text) => openToken([...subKeys.values()], text),
    open: (sealed, context) => open(keysOf, sealed, context),
  };
}

/** Why this value is no secret, in words that do not contain it; undefined when it can be used. */
export function secretValueProblem(value: string): string | undefined {
  if (value.length >= SECRET_CHARACTERS_MIN) return undefined;
  return `has fewer than ${SECRET_CHARACTERS_MIN} characters; make one with: openssl rand -base64 48`;
}

function problemOf({ id, value }: Secret): string | undefined {
  if (!SECRET_ID.test(id)) return `the secret id "${id}" is not 1 to 32 of A-Z a-z 0-9 _ -`;
  const problem = secretValueProblem(value.reveal());
  return problem === undefined ? undefined : `the secret "${id}" ${problem}`;
}

/** A secret that nobody chose: 384 bits, from the operating system unless an emulator's seed gives them. */
export function makeSecrets(id = 'k1', bytes: Uint8Array = randomBytes(48)): Secrets {
  return { current: { id, value: new Redacted(Buffer.from(bytes).toString('base64')) }, previous: [] };
}

function subKeysOf(value: Redacted): SubKeys {
  const subKey = (purpose: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha512', value.reveal(), '', `listenpost ${purpose} v1`, 32)));
  return {
    derive: subKey('derive listenKey'),
    lookup: subKey('look up listenKey'),
    seal: subKey('seal'),
    token: subKey('seal listenToken'),
    tokenHeader: Buffer.concat([Buffer.of(TOKEN_FORM), subKey('name listenToken').export().subarray(0, 4)]),
  };
}

/**
 * Form, secret, nonce, payload, tag (docs/decisions/0006). The header needs no seal: only the very bytes of one of the
 * secrets lead to its key.
 */
function sealToken({ token, tokenHeader }: SubKeys, payload: Uint8Array, nonce: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', token, nonce, { authTagLength: TAG_BYTES });
  const body = [tokenHeader, nonce, cipher.update(payload), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(body).toString('base64').slice(0, TOKEN_CHARACTERS);
}

function openToken(secrets: readonly SubKeys[], text: string): Uint8Array | undefined {
  if (!TOKEN_TEXT.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  for (const { token, tokenHeader } of secrets) {
    if (bytes.compare(tokenHeader, 0, tokenHeader.length, 0, TOKEN_NONCE_AT) !== 0) continue;
    const decipher = createDecipheriv('aes-256-gcm', token, bytes.subarray(TOKEN_NONCE_AT, TOKEN_PAYLOAD_AT), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(TOKEN_SEAL_AT));
    const payload = decipher.update(bytes.subarray(TOKEN_PAYLOAD_AT, TOKEN_SEAL_AT));
    try {
      decipher.final();
      return payload;
    } catch {
      // Not sealed under this secret; two secrets may share a header.
    }
  }
  return undefined;
}

/**
 * Each block of the stream is HMAC-SHA512(key, counter, length, salt, stream). Lengths stand before the texts, so that no
 * two inputs share a spelling.
 */
function deriveText(key: KeyObject, salt: string, stream: string, length: number): string {
  const input = `${length}:${salt.length}:${salt}:${stream.length}:${stream}`;
  let text = '';
  for (let counter = 0; text.length < length; counter += 1) {
    const block = createHmac('sha512', key).update(`${counter}:${input}`).digest();
    for (let index = 0; index < block.length && text.length < length; index += 1) {
      const byte = block[index] as number;
      if (byte < EVEN_BELOW) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

function seal(secretId: string, key: KeyObject, plaintext: string, context: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(secretId, context));
  const body = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${SEALED_FORM}.${secretId}.${body.toString('base64url')}`;
}

function open(keysOf: (secretId: string) => SubKeys, sealed: string, context: string): string {
  const [form, secretId, text, ...rest] = sealed.split('.');
  if (form !== SEALED_FORM || secretId === undefined || text === undefined || rest.length > 0) {
    throw new SecretsError(`a sealed text does not have the form ${SEALED_FORM}.<secret id>.<base64url>`);
  }
  const key = keysOf(secretId).seal;
  const body = Buffer.from(text, 'base64url');
  try {
    const nonce = body.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(secretId, context));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    const opened = decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString('utf8');
  } catch (error) {
    throw new SecretsError(
      `the sealed text of "${context}" does not open with the secret "${secretId}": it was altered, moved from another ` +
        'row, or the secret has another value than when it was sealed',
      { cause: error },
    );
  }
}

function associatedData(secretId: string, context: string): Buffer {
  return Buffer.from(`${SEALED_FORM}.${secretId}.${context}`, 'utf8');
}
