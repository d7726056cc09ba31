/** Private keys as people have them: a PEM text of one kind or another, read into PKCS#8. */
import { OptionsError } from '../errors.ts';

export type PrivateKeyKind = 'RSA' | 'ED25519';

export interface PrivateKey {
  readonly kind: PrivateKeyKind;
  /** DER. */
  readonly pkcs8: Uint8Array<ArrayBuffer>;
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/;

/** What other texts are, and what to do about it. */
const NOT_PRIVATE_KEYS: Readonly<Record<string, string>> = {
  'PUBLIC KEY': 'this is the public half, which the venue gets; give the private one',
  'RSA PUBLIC KEY': 'this is the public half, which the venue gets; give the private one',
  CERTIFICATE: 'this is a certificate; give the private key itself',
  'EC PRIVATE KEY': 'venues take no EC keys; make one with: openssl genpkey -algorithm ed25519',
  'OPENSSH PRIVATE KEY':
    'this is in OpenSSH’s own form, which no Ed25519 key of a venue has; make one with: openssl genpkey -algorithm ed25519',
};

/**
 * Takes PKCS#8 (`PRIVATE KEY`), RSA's PKCS#1 (`RSA PRIVATE KEY`), and with a passphrase either of them encrypted. Line ends
 * may be written `\n`, as environment variables often have them.
 *
 * @throws OptionsError with what the text is instead; never with the text.
 */
export function readPrivateKey(pem: string, passphrase?: string): PrivateKey {
  const [, label, body] = (typeof pem === 'string' && PEM.exec(pem.replaceAll('\\n', '\n'))) || [];
  if (label === undefined || body === undefined) {
    throw fault('expected a PEM text with a line -----BEGIN PRIVATE KEY----- and one -----END PRIVATE KEY-----');
  }
  const instead = NOT_PRIVATE_KEYS[label];
  if (instead !== undefined) throw fault(instead);
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED')) {
    return plainKey(decrypt(`-----BEGIN ${label}-----${body}-----END ${label}-----`, passphrase));
  }
  const der = fromBase64(body);
  return plainKey(label === 'RSA PRIVATE KEY' ? wrapPkcs1(der) : der);
}

function plainKey(pkcs8: Uint8Array<ArrayBuffer>): PrivateKey {
  return { kind: kindOf(pkcs8), pkcs8 };
}

function fault(sentence: string): OptionsError {
  return new OptionsError(`privateKey: ${sentence}`);
}

function fromBase64(body: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  } catch {
    throw fault('what stands between its BEGIN and END lines is not base64; was the text cut or indented by hand?');
  }
}

/** `30 len … 02 01 00 30 len 06 len <oid>`: the version is 0 or 1, the algorithm's identifier follows (RFC 5208, RFC 8410). */
const KINDS: readonly { readonly kind: PrivateKeyKind; readonly algorithm: readonly number[] }[] = [
  { kind: 'ED25519', algorithm: [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70] },
  {
    kind: 'RSA',
    algorithm: [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
  },
];

function kindOf(pkcs8: Uint8Array): PrivateKeyKind {
  const at = contentOf(pkcs8) + VERSION.length;
  const found = KINDS.find(({ algorithm }) => algorithm.every((byte, index) => pkcs8[at + index] === byte));
  if (found === undefined) throw fault('the key in it is neither Ed25519 nor RSA; venues take no others');
  return found.kind;
}

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const VERSION = [0x02, 0x01, 0x00];

/** Where the content of the outermost element begins: behind its tag and its length of one or more bytes. */
function contentOf(der: Uint8Array): number {
  const length = der[1] ?? 0;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

/** PKCS#8 is PKCS#1 in an envelope that names the algorithm. */
function wrapPkcs1(pkcs1: Uint8Array): Uint8Array<ArrayBuffer> {
  const algorithm = KINDS.find(({ kind }) => kind === 'RSA')?.algorithm ?? [];
  return element(SEQUENCE, [...VERSION, ...algorithm, ...element(OCTET_STRING, [...pkcs1])]);
}

function element(tag: number, content: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = content.length < 0x80 ? [] : content.length < 0x100 ? [1] : [2];
  const length = [content.length >> 8, content.length & 0xff].slice(2 - (bytes[0] ?? 1));
  return Uint8Array.from([tag, ...bytes.map((count) => 0x80 | count), ...length, ...content]);
}

type NodeCrypto = typeof import('node:crypto');

/** WebCrypto cannot decrypt PEM. Asked of the process, so that no bundle for browsers has to leave a module out. */
function decrypt(pem: string, passphrase: string | undefined): Uint8Array<ArrayBuffer> {
  if (passphrase === undefined) throw fault('the key is encrypted; give its passphrase too');
  const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined;
  if (nodeCrypto === undefined) {
    throw fault('this runtime cannot decrypt keys; decrypt it first with: openssl pkcs8 -in FILE -topk8 -nocrypt');
  }
  try {
    const key = nodeCrypto.createPrivateKey({ key: pem, passphrase });
    return Uint8Array.from(key.export({ type: 'pkcs8', format: 'der' }));
  } catch {
    throw fault('the key could not be decrypted; is the passphrase right?');
  }
}
