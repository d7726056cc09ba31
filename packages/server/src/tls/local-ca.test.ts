import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrMakeLocalCa, localCaFolder } from './local-ca.ts';

const DAY_MS = 86_400_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Node as users run it: trusts the authority by the environment variable alone. Gives the answer, or the error's code. */
async function fetchedByNode(url: string, environment: Record<string, string>): Promise<string> {
  const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then(console.log, (e) => console.log(e.cause.code))`;
  const child = spawn('node', ['-e', script], { env: { PATH: process.env['PATH'] ?? '', ...environment } });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  await once(child, 'close');
  return Buffer.concat(parts).toString('utf8').trim();
}

test('a Node client that is given the authority’s file alone talks to the server by every name', async () => {
  const { caFile, cert, key } = await loadOrMakeLocalCa(folder, []);
  const server = createServer({ cert, key }, (_request, response) => response.end('hello'));
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answers = await Promise.all([
    fetchedByNode(`https://localhost:${port}/`, { NODE_EXTRA_CA_CERTS: caFile }),
    fetchedByNode(`https://127.0.0.1:${port}/`, { NODE_EXTRA_CA_CERTS: caFile }),
    fetchedByNode(`https://localhost:${port}/`, {}),
  ]);
  server.close();
  expect(answers.slice(0, 2)).toEqual(['hello', 'hello']);
  expect(answers[2]).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE)/);
});

describe('the certificates', () => {
  test('are an authority of ten years and a server of 397 days, for all names', async () => {
    const now = new Date();
    const { caFile, cert } = await loadOrMakeLocalCa(folder, ['box.test', '192.0.2.7', '2001:db8::7'], now);
    const ca = new X509Certificate(readFileSync(caFile));
    const leaf = new X509Certificate(cert);
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.issuer).toBe(ca.subject);
    expect(yearsOf(ca)).toBeCloseTo(10, 1);
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBe(397 * DAY_MS);
    expect(Date.parse(leaf.validFrom)).toBeLessThan(now.getTime());
    for (const host of ['localhost', 'box.test']) expect(leaf.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']) expect(leaf.checkIP(ip)).toBeDefined();
    expect(leaf.checkHost('other.test')).toBeUndefined();
  });

  test('private keys are their owner’s alone', async () => {
    await loadOrMakeLocalCa(folder, []);
    const modes = readdirSync(join(folder, 'tls')).map((name) => {
      const mode = statSync(join(folder, 'tls', name)).mode & 0o777;
      return `${name} ${mode.toString(8)}`;
    });
    expect(modes.sort()).toEqual(['ca.key.pem 600', 'ca.pem 644', 'server.pem 600']);
  });

  test('stay from start to start', async () => {
    const first = await loadOrMakeLocalCa(folder, ['box.test']);
    expect(await loadOrMakeLocalCa(folder, ['box.test'])).toEqual(first);
    expect(await loadOrMakeLocalCa(folder, [])).toEqual(first);
  });

  test('a new name gives a new server certificate by the same authority', async () => {
    const first = await loadOrMakeLocalCa(folder, []);
    const authority = readFileSync(first.caFile, 'utf8');
    const second = await loadOrMakeLocalCa(folder, ['box.test']);
    expect(second.cert).not.toBe(first.cert);
    expect(readFileSync(second.caFile, 'utf8')).toBe(authority);
  });

  test.each([
    [300, true],
    [365, true],
    [367, false],
    [400, false],
  ])('after %d days the server certificate is the same: %p', async (days, same) => {
    const now = Date.now();
    const first = await loadOrMakeLocalCa(folder, [], new Date(now));
    const later = await loadOrMakeLocalCa(folder, [], new Date(now + days * DAY_MS));
    expect(later.cert === first.cert).toBe(same);
  });

  test('an authority near its end is replaced together with what it signed', async () => {
    const now = Date.now();
    const first = await loadOrMakeLocalCa(folder, [], new Date(now));
    const authority = readFileSync(first.caFile, 'utf8');
    const later = await loadOrMakeLocalCa(folder, [], new Date(now + 9 * 366 * DAY_MS));
    expect(readFileSync(later.caFile, 'utf8')).not.toBe(authority);
    expect(new X509Certificate(later.cert).verify(new X509Certificate(readFileSync(later.caFile)).publicKey)).toBe(
      true,
    );
  });

  test.each(['server.pem', 'ca.pem', 'ca.key.pem'])(
    'a damaged %s is made anew, and the three match again',
    async (name) => {
      await loadOrMakeLocalCa(folder, []);
      writeFileSync(join(folder, 'tls', name), 'damaged');
      const { caFile, cert } = await loadOrMakeLocalCa(folder, []);
      expect(new X509Certificate(cert).verify(new X509Certificate(readFileSync(caFile)).publicKey)).toBe(true);
    },
  );

  test('several starts at once agree on one authority', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => loadOrMakeLocalCa(folder, [])));
    const authority = new X509Certificate(readFileSync(join(folder, 'tls', 'ca.pem')));
    for (const { cert } of all) expect(new X509Certificate(cert).verify(authority.publicKey)).toBe(true);
  });
});

test('a folder that cannot be used is refused with what to do', async () => {
  writeFileSync(join(folder, 'file'), '');
  const error = await loadOrMakeLocalCa(join(folder, 'file'), []).catch((cause: unknown) => cause);
  expect((error as Error).message).toContain('make the folder writable, or name another with --data');
});

test('without a data folder the authority lives in the user’s own', () => {
  expect(localCaFolder({ XDG_DATA_HOME: '/xdg' })).toBe('/xdg/listenpost');
  expect(localCaFolder({ XDG_DATA_HOME: 'relative' })).toEndWith('/.local/share/listenpost');
  expect(localCaFolder({})).toEndWith('/.local/share/listenpost');
});

function yearsOf(certificate: X509Certificate): number {
  return (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / DAY_MS / 365.25;
}
