/**
 * A certificate authority of this machine's own, for `dev`: official connectors refuse `http:` and `ws:` URLs, and no public
 * authority certifies localhost. A client trusts it through `NODE_EXTRA_CA_CERTS`; nothing is installed into the system.
 *
 * Files, in the folder `tls` of the given one:
 *   ca.pem       the authority's certificate: what clients trust
 *   ca.key.pem   its private key and certificate, mode 0600
 *   server.pem   the server's private key and certificate, mode 0600, issued anew when it no longer serves
 * Key and certificate share a file, so that no crash and no second start leaves a pair that does not match.
 */
import 'reflect-metadata';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** PEM texts of the server's certificate, with the authority's behind it, and of its private key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface LocalCa extends Certificate {
  /** Path of the authority's certificate. */
  readonly caFile: string;
}

export class LocalCaError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LocalCaError';
  }
}

const DAY_MS = 86_400_000;
const CA_DAYS = 3653;

/** The longest that clients accept of a server's certificate. */
const SERVER_DAYS = 397;
const RENEW_DAYS = 30;

/** Certificates start a day ago: a container's clock may be behind the machine's. */
const EARLIER_DAYS = 1;

const ALWAYS_NAMED = ['localhost', '127.0.0.1', '::1'] as const;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * Where the authority lives when there is no data folder: `$XDG_DATA_HOME/listenpost`, by default
 * `~/.local/share/listenpost`. It must outlive the run, or clients would have to be told of a new one at each start.
 */
export function localCaFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const data = environment['XDG_DATA_HOME'] ?? '';
  return join(isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'listenpost');
}

/**
 * The authority of this folder and a certificate by it for localhost, 127.0.0.1, ::1 and `names`. Throws `LocalCaError` when
 * the folder cannot be used.
 */
export async function loadOrMakeLocalCa(
  folder: string,
  names: readonly string[],
  now: Date = new Date(),
): Promise<LocalCa> {
  const inside = join(folder, 'tls');
  try {
    await mkdir(inside, { recursive: true, mode: 0o700 });
    const authority = await loadOrMakeAuthority(join(inside, 'ca.key.pem'), now);
    const caFile = join(inside, 'ca.pem');
    if ((await readIfThere(caFile)) !== authority.cert) await replace(caFile, authority.cert, 0o644);
    const wanted = [...new Set([...ALWAYS_NAMED, ...names])];
    const server = await loadOrIssue(join(inside, 'server.pem'), authority, wanted, now);
    return { caFile, cert: server.cert + authority.cert, key: server.key };
  } catch (error) {
    throw new LocalCaError(
      `no local certificate could be made in ${inside} (${(error as Error).message}); make the folder writable, or name another with --data`,
      { cause: error },
    );
  }
}

async function loadOrMakeAuthority(file: string, now: Date): Promise<Certificate> {
  const known = await readPair(file);
  // A server's certificate must not outlive its authority.
  if (known.pair !== undefined && daysLeft(known.pair.cert, now) > SERVER_DAYS) return known.pair;
  const made = await makeAuthority(now);
  if (known.exists) await replace(file, printed(made), 0o600);
  else if (!(await create(file, printed(made)))) return loadOrMakeAuthority(file, now);
  return made;
}

async function loadOrIssue(
  file: string,
  authority: Certificate,
  names: readonly string[],
  now: Date,
): Promise<Certificate> {
  const { pair } = await readPair(file);
  if (pair !== undefined && stillServes(pair.cert, authority, names, now)) return pair;
  const issued = await issue(authority, names, now);
  await replace(file, printed(issued), 0o600);
  return issued;
}

function stillServes(cert: string, authority: Certificate, names: readonly string[], now: Date): boolean {
  const certificate = new NodeCertificate(cert);
  return (
    daysLeft(cert, now) > RENEW_DAYS &&
    certificate.verify(new NodeCertificate(authority.cert).publicKey) &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  );
}

const daysLeft = (cert: string, now: Date) => (Date.parse(new NodeCertificate(cert).validTo) - now.getTime()) / DAY_MS;

async function makeAuthority(now: Date): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(now, CA_DAYS),
    serialNumber: serialNumber(),
    name: `CN=Listenpost local CA ${now.toISOString().slice(0, 10)}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privatePem(keys.privateKey) };
}

async function issue(authority: Certificate, names: readonly string[], now: Date): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = new x509.X509Certificate(authority.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, SERVER_DAYS),
    serialNumber: serialNumber(),
    subject: 'CN=Listenpost dev',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await privateKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name): x509.JsonGeneralName => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privatePem(keys.privateKey) };
}

function validity(now: Date, days: number) {
  const start = now.getTime() - EARLIER_DAYS * DAY_MS;
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY_MS) };
}

/** 127 random bits: positive, and never zero-led in a way that DER would shorten. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function privatePem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function privateKey(pem: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign']);
}

const printed = ({ cert, key }: Certificate) => key + cert;

const PAIR =
  /^(-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n)$/;

/** A file that is there but holds no pair was damaged: it is replaced. */
async function readPair(file: string): Promise<{ readonly exists: boolean; readonly pair?: Certificate }> {
  const text = await readIfThere(file);
  const [, key, cert] = PAIR.exec(text ?? '') ?? [];
  if (key === undefined || cert === undefined) return { exists: text !== undefined };
  return { exists: true, pair: { key, cert } };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** False when another process was first. */
async function create(file: string, text: string): Promise<boolean> {
  const draft = await draftOf(file, text, 0o600);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  await rename(await draftOf(file, text, mode), file);
}

async function draftOf(file: string, text: string, mode: number): Promise<string> {
  const draft = `${file}.${process.pid}.${serialNumber()}`;
  const handle = await open(draft, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(draft, mode);
  return draft;
}
