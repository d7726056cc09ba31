/**
 * The local certificate authority of `dev`. Current official connectors refuse `http:` and `ws:` URLs, so the emulator must
 * speak TLS with a certificate that a client can be told to trust: one CA file, the same from run to run.
 */
import 'reflect-metadata';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts, as TLS listeners take them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface LocalIdentity extends Certificate {
  /** What `NODE_EXTRA_CA_CERTS` is set to. */
  readonly caFile: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** The longest that browsers take from a certificate (398 days), less one. */
const LEAF_DAYS = 397;
/** A certificate is made anew when less than this is left of it. */
const RENEW_DAYS = 30;
/** Machines disagree about the time; a certificate is valid from a day before it was made. */
const BACKDATED_DAYS = 1;

const ALWAYS = ['localhost', '127.0.0.1', '::1'] as const;

/**
 * Where the CA of a `dev` without data folder lives, so that what trusts it once goes on trusting it: the user's data
 * folder (XDG), or a folder of the user's own among the temporary ones where there is no home to write to.
 */
export function localCaFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const data = environment.XDG_DATA_HOME;
  if (data !== undefined && data !== '') return join(data, 'listenpost');
  const home = homedir();
  return home === '' || home === '/'
    ? join(tmpdir(), `listenpost-${userInfo().uid}`)
    : join(home, '.local', 'share', 'listenpost');
}

/** The CA and the certificate of this folder, made where they are missing, too old, or without one of the names. */
export async function loadOrMakeLocalCa(folder: string, names: readonly string[]): Promise<LocalIdentity> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const caFile = join(folder, 'ca.pem');
  const authority = await loadOrMake(caFile, join(folder, 'ca-key.pem'), isCurrent, makeAuthority);
  const wanted = [...new Set([...ALWAYS, ...names])];
  const leaf = await loadOrMake(
    join(folder, 'cert.pem'),
    join(folder, 'cert-key.pem'),
    async (held) => (await isCurrent(held)) && namesAll(held, wanted) && (await isSignedBy(held, authority)),
    () => makeLeaf(authority, wanted),
  );
  return { caFile, ...leaf };
}

async function loadOrMake(
  certFile: string,
  keyFile: string,
  serves: (held: Certificate) => Promise<boolean> | boolean,
  make: () => Promise<Certificate>,
): Promise<Certificate> {
  const [cert, key] = await Promise.all([textOrNone(certFile), textOrNone(keyFile)]);
  if (cert !== undefined && key !== undefined && (await serves({ cert, key }))) return { cert, key };
  const made = await make();
  // The key first: a certificate without its key would be taken for whole by nobody, a key without certificate is made anew.
  await replace(keyFile, made.key, 0o600);
  await replace(certFile, made.cert, 0o644);
  return made;
}

async function textOrNone(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, also for a second `dev` that starts at the same instant. */
async function replace(file: string, text: string, mode: number): Promise<void> {
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, text, { mode });
  await rename(fresh, file);
}

function isCurrent({ cert }: Certificate): boolean {
  const { notAfter, notBefore } = new X509Certificate(cert);
  return notBefore.getTime() <= Date.now() && notAfter.getTime() - Date.now() > RENEW_DAYS * DAY_MS;
}

function namesAll({ cert }: Certificate, wanted: readonly string[]): boolean {
  const names = new X509Certificate(cert).getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const held = new Set(names.map(({ value }) => value));
  return wanted.every((name) => held.has(name));
}

function isSignedBy({ cert }: Certificate, authority: Certificate): Promise<boolean> {
  const { publicKey } = new X509Certificate(authority.cert);
  return new X509Certificate(cert).verify({ publicKey, signatureOnly: true });
}

async function makeAuthority(): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=Listenpost local CA ${serialNumber().slice(0, 8)}`,
    serialNumber: serialNumber(),
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(CA_DAYS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return pemOf(certificate, keys.privateKey);
}

async function makeLeaf(authority: Certificate, names: readonly string[]): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const alternatives: JsonGeneralNames = names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: new X509Certificate(authority.cert).subject,
    serialNumber: serialNumber(),
    publicKey: keys.publicKey,
    signingKey: await privateKeyOf(authority.key),
    signingAlgorithm: ALGORITHM,
    ...validity(LEAF_DAYS),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternatives),
    ],
  });
  return pemOf(certificate, keys.privateKey);
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATED_DAYS * DAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

/** 127 bits and positive, as RFC 5280 §4.1.2.2 asks. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function pemOf(certificate: X509Certificate, privateKey: CryptoKey): Promise<Certificate> {
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  return { cert: `${certificate.toString('pem')}\n`, key: `${key}\n` };
}

function privateKeyOf(pem: string): Promise<CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (der === undefined)
    throw new Error('the key of the local CA holds no PEM block; remove ca.pem and ca-key.pem to make new ones');
  return crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
