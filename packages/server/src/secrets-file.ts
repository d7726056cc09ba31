/**
 * secrets.json in the data folder: what `dev`, and a service without `secrets` in its config, keeps its key material in.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Redacted } from '@listenpost/core';
import { z } from 'zod';
import type { Secrets } from './secrets.ts';
import { createSecretBox, makeSecrets, SecretsError } from './secrets.ts';

const secretShape = z.strictObject({ id: z.string(), value: z.string() });
const fileShape = z.strictObject({ current: secretShape, previous: z.array(secretShape).default([]) });

/** Bits that let group or others read, write or run. */
const FOREIGN_MODE_BITS = 0o077;

/**
 * The secrets of this data folder, made on the first call. Throws `SecretsError` when the file can be read by others or
 * does not hold secrets; a file that is there is never replaced, because every listenKey and account hangs on it.
 */
export function loadOrMakeSecrets(folder: string): Secrets {
  const path = join(folder, 'secrets.json');
  return readSecrets(path) ?? makeSecretsFile(folder, path);
}

function readSecrets(path: string): Secrets | undefined {
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  const parsed = fileShape.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new SecretsError(
      `${path} does not hold {"current":{"id","value"},"previous":[]}; restore it from a backup: without it the stored ` +
        'listenKeys and accounts cannot be used',
    );
  }
  const { current, previous } = parsed.data;
  const redact = ({ id, value }: z.infer<typeof secretShape>) => ({ id, value: new Redacted(value) });
  const secrets = { current: redact(current), previous: previous.map(redact) };
  createSecretBox(secrets);
  return secrets;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such file. The mode is read from the open file, so that it is the mode of what is read. */
function readPrivateFile(path: string): string | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & FOREIGN_MODE_BITS) !== 0) {
      throw new SecretsError(
        `${path} has mode ${mode.toString(8).padStart(4, '0')}, so others on this machine may read the secrets; run: chmod 600 ${path}`,
      );
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SecretsError(`${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Written whole beside its place and then linked there: a crash leaves no half file, and of two processes that start at
 * once the second takes what the first made.
 */
function makeSecretsFile(folder: string, path: string): Secrets {
  const made = makeSecrets();
  const value = { current: { id: made.current.id, value: made.current.value.reveal() }, previous: [] };
  const draft = `${path}.${process.pid}.${Date.now().toString(36)}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeDurably(draft, `${JSON.stringify(value, null, 2)}\n`);
    linkSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new SecretsError(`${path} cannot be made: ${(error as Error).message}`, { cause: error });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const secrets = readSecrets(path);
  if (secrets === undefined) throw new SecretsError(`${path} was removed while it was being made; start again`);
  return secrets;
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
