import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrMakeSecrets } from './secrets-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-secrets-'));
  path = join(folder, 'secrets.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('loadOrMakeSecrets', () => {
  test('makes a file only its owner can read, and reads it back', () => {
    const made = loadOrMakeSecrets(folder);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['secrets.json']);
    const again = loadOrMakeSecrets(folder);
    expect(again.current.value.reveal()).toBe(made.current.value.reveal());
  });

  test('makes the folder too', () => {
    expect(loadOrMakeSecrets(join(folder, 'data', 'inner')).current.id).toBe('k1');
  });

  test('refuses a file that others may read, and names the fix', () => {
    loadOrMakeSecrets(folder);
    chmodSync(path, 0o640);
    expect(() => loadOrMakeSecrets(folder)).toThrow(`${path} has mode 0640`);
    expect(() => loadOrMakeSecrets(folder)).toThrow(`chmod 600 ${path}`);
  });

  test.each(['', '{"current":', '[]', '{"current":{"id":"k1"}}'])('never replaces a file that holds %p', (text) => {
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => loadOrMakeSecrets(folder)).toThrow('restore it from a backup');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('keeps previous secrets', () => {
    const secret = (id: string) => ({ id, value: id.repeat(20) });
    writeFileSync(path, JSON.stringify({ current: secret('k2'), previous: [secret('k1')] }), { mode: 0o600 });
    expect(loadOrMakeSecrets(folder).previous.map((previous) => previous.id)).toEqual(['k1']);
  });
});
