import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { loadOrMakeLocalCa, localCaFolder } from './local-ca.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-ca-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a client that trusts only the CA file thinks of the server under this name. */
async function handshake(name: string, names: readonly string[] = []): Promise<string | undefined> {
  const { caFile, cert, key } = await loadOrMakeLocalCa(folder, names);
  const server = createServer({ cert, key }, (socket: TLSSocket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const error = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: name, ca: readFileSync(caFile) }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', ({ message }) => resolve(message));
  });
  server.close();
  return error;
}

describe('the local CA', () => {
  test('is trusted for localhost by who trusts its file alone', async () => {
    expect(await handshake('localhost')).toBeUndefined();
  });

  test('is not valid for a name it was not asked for', async () => {
    expect(await handshake('exchange.test')).toContain('exchange.test');
  });

  test('is valid for a further name once that is asked for, under the same CA', async () => {
    const before = await loadOrMakeLocalCa(folder, []);
    const ca = readFileSync(before.caFile, 'utf8');
    expect(await handshake('exchange.test', ['exchange.test'])).toBeUndefined();
    expect(readFileSync(before.caFile, 'utf8')).toBe(ca);
  });

  test('stays the same from start to start', async () => {
    expect(await loadOrMakeLocalCa(folder, [])).toEqual(await loadOrMakeLocalCa(folder, []));
  });

  test('keeps its keys from others', async () => {
    await loadOrMakeLocalCa(folder, []);
    for (const file of ['ca-key.pem', 'cert-key.pem']) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });

  test('makes a certificate anew that another CA has signed', async () => {
    const old = await loadOrMakeLocalCa(folder, []);
    rmSync(join(folder, 'ca.pem'));
    const fresh = await loadOrMakeLocalCa(folder, []);
    expect(fresh.cert).not.toBe(old.cert);
    expect(await handshake('localhost')).toBeUndefined();
  });

  test('lasts ten years, its certificate no longer than browsers take', async () => {
    const { caFile, cert } = await loadOrMakeLocalCa(folder, []);
    const days = (pem: string) => {
      const { validTo } = new X509Certificate(pem);
      return Math.round((new Date(validTo).getTime() - Date.now()) / 86_400_000);
    };
    expect(days(readFileSync(caFile, 'utf8'))).toBe(3650);
    expect(days(cert)).toBe(397);
  });

  test('says what to do about a key file that holds no key', async () => {
    writeFileSync(join(folder, 'ca-key.pem'), 'nothing');
    await expect(loadOrMakeLocalCa(folder, ['other.test'])).rejects.toThrow('remove ca.pem and ca-key.pem');
  });
});

test('the folder follows XDG_DATA_HOME', () => {
  expect(localCaFolder({ XDG_DATA_HOME: '/data' })).toBe('/data/listenpost');
});
