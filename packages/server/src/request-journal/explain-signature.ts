/**
 * Why a signature was refused (-1022): the text that it should have been made over, and which slip fits what was sent. It is
 * found by trying: a slip is named only when the signature that came is right for it. Secrets are used and never told.
 */
import { type ApiKey, type House, Redacted } from '@listenpost/core';
import { nodeCrypto } from '../crypto.ts';
import { payloadsOfCall, payloadsOfRest } from './signature-payloads.ts';

export interface SignatureExplanation {
  readonly apiKeyType: ApiKey['type'];
  /** The text to sign, and how the signature is written. */
  readonly expected: string;
  readonly form: string;
  /** What went wrong, in the order to mend it; `unknown` where no slip that is known fits. */
  readonly slips: readonly Slip[];
}

export interface Slip {
  readonly slip: string;
  readonly says: string;
}

/** A text that somebody may have signed instead. */
export interface Payload {
  readonly text: string;
  /** Absent: it is the right one. */
  readonly slip?: Slip;
}

/** A REST request as it came. */
export interface SignedRest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string;
}

/** A WebSocket API request as it came, its values as text in the order in which they stood. */
export interface SignedCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: ReadonlyMap<string, string>;
  readonly apiKey: string;
}

const FORMS = {
  HMAC: 'HMAC SHA256 of the text, as 64 hex digits',
  RSA: 'RSASSA-PKCS1-v1_5 SHA256 of the text, as base64, percent-encoded where it stands in a URL',
  ED25519: 'Ed25519 of the text, as base64 of 88 characters, percent-encoded where it stands in a URL',
} as const;

/** Undefined where the API key is unknown, or no signature came. */
export function explainRest(house: House, request: SignedRest): SignatureExplanation | undefined {
  const apiKey = house.accounts.apiKey(request.apiKey);
  const signature =
    new URLSearchParams(request.query).get('signature') ?? new URLSearchParams(request.body).get('signature');
  if (apiKey === undefined || signature === null) return undefined;
  return explained(house, apiKey, signature, payloadsOfRest(request));
}

export function explainCall(house: House, call: SignedCall): SignatureExplanation | undefined {
  const apiKey = house.accounts.apiKey(call.apiKey);
  const signature = call.params.get('signature');
  if (apiKey === undefined || signature === undefined) return undefined;
  return explained(house, apiKey, signature, payloadsOfCall(call));
}

/** Tries what costs least first. Some hundreds of verifications at most. */
function explained(
  house: House,
  apiKey: ApiKey,
  signature: string,
  payloads: readonly Payload[],
): SignatureExplanation {
  const expected = payloads[0]?.text ?? '';
  const found =
    fitting(payloads, spellingsOf(apiKey, signature), [{ verify: apiKey.verify }]) ??
    fitting(payloads.slice(0, KEYS_TRIED_WITH), spellingsOf(apiKey, signature), otherKeys(house, apiKey));
  const slips = found ?? [mismatchOf(apiKey, signature)];
  return { apiKeyType: apiKey.type, expected, form: FORMS[apiKey.type], slips };
}

/** With other keys only the likeliest texts are tried: everything with everything would hold up the event loop. */
const KEYS_TRIED_WITH = 12;

interface Spelling {
  readonly signature: string;
  readonly slip?: Slip;
}

interface Verifier {
  verify(payload: string, signature: string): boolean;
  readonly slip?: Slip;
}

function fitting(
  payloads: readonly Payload[],
  spellings: readonly Spelling[],
  verifiers: readonly Verifier[],
): readonly Slip[] | undefined {
  for (const verifier of verifiers) {
    for (const spelling of spellings) {
      for (const payload of payloads) {
        if (!verifier.verify(payload.text, spelling.signature)) continue;
        return [verifier.slip, payload.slip, spelling.slip].filter((slip) => slip !== undefined);
      }
    }
  }
  return undefined;
}

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64 = /^[A-Za-z0-9+/_ -]+={0,2}$/;

/** The signature as it came, and as it may have been meant. */
function spellingsOf({ type }: ApiKey, signature: string): readonly Spelling[] {
  const spellings: Spelling[] = [{ signature }];
  const add = (meant: string, slip: string, says: string) => {
    if (meant !== signature) spellings.push({ signature: meant, slip: { slip, says } });
  };
  if (type === 'HMAC') {
    if (BASE64.test(signature) && !HEX.test(signature)) {
      add(
        bytesOf(signature).toString('hex'),
        'base64-not-hex',
        'the signature is base64; an HMAC signature is sent as hex',
      );
    }
  } else if (HEX.test(signature)) {
    add(
      Buffer.from(signature, 'hex').toString('base64'),
      'hex-not-base64',
      'the signature is hex; this key type sends base64',
    );
  } else {
    const decoded = decodedOnce(signature);
    add(bytesOf(signature).toString('base64'), 'signature-not-encoded', URL_WORDS);
    add(decoded, 'signature-encoded-twice', 'the signature was percent-encoded twice, or where it need not be');
  }
  return spellings;
}

const URL_WORDS =
  'the signature lost characters on the way: in a URL, percent-encode its base64 (+ as %2B, / as %2F, = as %3D), and do not use base64url';

/** Also base64url, unpadded, or with `+` read as a space. */
const bytesOf = (signature: string): Buffer =>
  Buffer.from(signature.replaceAll(' ', '+').replaceAll('-', '+').replaceAll('_', '/'), 'base64');

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Secrets that may have been taken for this key's. */
function otherKeys(house: House, { spec, account }: ApiKey): readonly Verifier[] {
  const verifiers: Verifier[] = [];
  if (spec.type === 'HMAC') {
    const secret = spec.secret.reveal();
    const add = (text: string, slip: string, says: string) => {
      if (text === '') return;
      const material = { type: 'HMAC', secret: new Redacted(text) } as const;
      verifiers.push({ verify: nodeCrypto.verifier(material), slip: { slip, says } });
    };
    add(`${secret}\n`, 'secret-with-line-break', 'the secret was read with the line break behind it; trim it');
    add(`${secret}\r\n`, 'secret-with-line-break', 'the secret was read with the line break behind it; trim it');
    add(`"${secret}"`, 'secret-with-quotes', 'the secret was read with the quotes around it; take them off');
    add(spec.apiKey.reveal(), 'api-key-as-secret', 'it was signed with the API key itself; sign with its secret');
  }
  for (const other of house.accounts.all()) {
    for (const apiKey of other.apiKeys) {
      if (apiKey.spec === spec) continue;
      const whose = other.id === account.id ? 'another API key of this account' : `an API key of account "${other.id}"`;
      verifiers.push({
        verify: apiKey.verify,
        slip: { slip: 'wrong-secret', says: `it was signed with the secret of ${whose}` },
      });
    }
  }
  return verifiers.slice(0, OTHER_KEYS_MAX);
}

const OTHER_KEYS_MAX = 50;

const LENGTHS = { HMAC_HEX: 64, HMAC_SHA512_HEX: 128, ED25519_BASE64: 88 } as const;

/** What the signature looks like, where trying told nothing. */
function mismatchOf({ type }: ApiKey, signature: string): Slip {
  const hex = HEX.test(signature);
  if (type === 'HMAC' && hex && signature.length === LENGTHS.HMAC_SHA512_HEX) {
    return { slip: 'wrong-hash', says: 'the signature has the length of HMAC SHA512; use SHA256' };
  }
  if (type === 'HMAC' && !hex && signature.length >= LENGTHS.ED25519_BASE64) {
    return { slip: 'wrong-key-type', says: 'this is an HMAC key, and the signature looks like one of Ed25519 or RSA' };
  }
  if (type !== 'HMAC' && hex && signature.length === LENGTHS.HMAC_HEX) {
    return {
      slip: 'wrong-key-type',
      says: `this is an ${type} key, and the signature looks like an HMAC; sign with the private key`,
    };
  }
  return {
    slip: 'unknown',
    says: 'no usual slip fits: most likely the secret or private key is another, or another text was signed than the expected one',
  };
}
