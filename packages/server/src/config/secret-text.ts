/**
 * Texts that may stand in the config itself, in the environment or in a file: `"…"`, `{"env": "NAME"}`, `{"file": "PATH"}`.
 * No message here contains the text.
 */
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Redacted } from '@listenpost/core';
import { z } from 'zod';

export type TextResult = { readonly text: string } | { readonly problem: string };

/** Where secrets may be read from, for one document. */
export type TextSource = (input: unknown) => TextResult;

const FORM = 'expected a text, {"env": "NAME"} or {"file": "PATH"}';

/** A PEM of the longest RSA key has under 2 KiB; a larger file was named by mistake. */
const FILE_BYTES_MAX = 64 * 1024;

/**
 * For what comes over the network: the text itself and nothing else. Were `file` taken there, whoever may set accounts
 * could have the server read any file to him.
 */
export const plainText: TextSource = (input) => {
  if (typeof input === 'string') return { text: input };
  if (isSource(input)) {
    return { problem: 'expected the text itself: {"env"} and {"file"} are taken in the config file only' };
  }
  return { problem: `${missingOr(input)}expected a text` };
};

/** For the config file. `folder`: what relative paths start from. A file's last line break is no part of its text. */
export function configText(folder: string, environment: Readonly<Record<string, string | undefined>>): TextSource {
  return (input) => {
    if (typeof input === 'string') return { text: input };
    if (!isSource(input)) return { problem: `${missingOr(input)}${FORM}` };
    if ('env' in input) return fromEnvironment(input.env, environment);
    return fromFile(isAbsolute(input.file) ? input.file : join(folder, input.file));
  };
}

/** A secret read from its source and checked by `problemWith`, which names what is wrong without naming the text. */
export function secretText(source: TextSource, problemWith: (text: string) => string | undefined = notEmpty) {
  return z.unknown().transform((input, context): Redacted => {
    const result = source(input);
    const problem = 'problem' in result ? result.problem : problemWith(result.text);
    if (problem === undefined && 'text' in result) return new Redacted(result.text);
    context.addIssue({ code: 'custom', message: problem ?? FORM });
    return z.NEVER;
  });
}

function notEmpty(text: string): string | undefined {
  return text === '' ? 'is empty' : undefined;
}

function fromEnvironment(name: string, environment: Readonly<Record<string, string | undefined>>): TextResult {
  const text = environment[name];
  return text === undefined ? { problem: `the environment variable ${name} is not set` } : { text };
}

function fromFile(path: string): TextResult {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) {
      return { problem: `the file ${path} has more than ${FILE_BYTES_MAX} bytes, so it is no key` };
    }
    return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `the file ${path} cannot be read: ${(error as Error).message}` };
  }
}

type Source = { readonly env: string } | { readonly file: string };

function isSource(input: unknown): input is Source {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return false;
  const entries = Object.entries(input);
  const [name, value] = entries[0] ?? [];
  return entries.length === 1 && (name === 'env' || name === 'file') && typeof value === 'string' && value !== '';
}

const missingOr = (input: unknown) => (input === undefined ? 'missing; ' : '');
