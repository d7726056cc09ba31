/**
 * Source text as the tidy rules read it: comments, and where asked strings, blanked out, so that a rule about code is
 * not tripped by a sentence about code. Blanking keeps every line break, so line numbers stay true.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = resolve(import.meta.dirname, '../..');

/** What no rule reads: others' code, what runs and builds leave behind, and binary files. In a linked worktree `.git` is a file. */
const UNREAD = new Set(['node_modules', '.git', '.listenpost', 'data', 'dist', 'docs/api/html']);
const READ_FILES = /(\.(ts|tsx|js|mjs|cjs|json|jsonc|md|sh|yml|yaml|toml|html|css|c|txt)|\/[^./]+|\/\.[a-z]+)$/;

/** Every text file of the repository, tracked or not yet. */
export function readTree(): SourceFile[] {
  return pathsUnder('')
    .filter((path) => READ_FILES.test(`/${path}`))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function pathsUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped(path, entry.name)) return [];
    if (entry.isDirectory()) return pathsUnder(path);
    return entry.isFile() ? [path] : [];
  });
}

/** `data` is a run's leftover at the root alone: packages/core/src/data is a hallway. */
function skipped(path: string, name: string): boolean {
  return UNREAD.has(path) || (UNREAD.has(name) && name !== 'data');
}

/** Line numbers, from 1, on which the pattern is found. */
export function linesWith(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

export const isTest = (path: string): boolean => /\.test\.(ts|mjs)$/.test(path);

/** The specifiers a module imports or re-exports, types included. */
export function importsOf(text: string): { readonly specifier: string; readonly line: number }[] {
  const code = withoutComments(text);
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? '',
    line: code.slice(0, match.index).split('\n').length,
  }));
}

export function withoutComments(text: string): string {
  return tokens(text)
    .map(({ kind, text: part }) => (kind === 'comment' ? blank(part) : part))
    .join('');
}

export function withoutCommentsAndStrings(text: string): string {
  return tokens(text)
    .map(({ kind, text: part }) => (kind === 'code' ? part : blank(part)))
    .join('');
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

interface Token {
  readonly kind: 'code' | 'comment' | 'string';
  readonly text: string;
}

/**
 * One alternative per thing in which a quote or a slash is not code. A template is taken as one string with whatever it
 * embeds: an embedded expression escapes the rules, which is the safe side for a rule that must not cry wolf. A slash
 * opens a pattern only where an operand may stand.
 */
const NOT_CODE =
  /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`)|((?<=(?:^|[=(,:[!&|?{};\n]|=>|\breturn)\s*)\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)/g;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(NOT_CODE)) {
    found.push({ kind: 'code', text: text.slice(end, match.index) });
    found.push({ kind: match[1] === undefined ? 'string' : 'comment', text: match[0] });
    end = match.index + match[0].length;
  }
  found.push({ kind: 'code', text: text.slice(end) });
  return found;
}
