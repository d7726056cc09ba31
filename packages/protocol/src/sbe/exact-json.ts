import { SbeError } from './sbe-error.ts';

/** Integers that a number may lose digits of have at least as many as 2^53. */
const MANY_DIGITS = /\d{16}/;

const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * `JSON.parse` that gives integers of 16 digits and more as strings of their digits, so that ids beyond 2^53 reach int64
 * as they stand. Texts without a long run of digits, nearly all, are parsed as they are.
 */
export function parseExactJson(text: string): unknown {
  const plain = parseJson(text);
  // Only now, since the pattern is at home in valid JSON alone: an open string would have it search again and again.
  return MANY_DIGITS.test(text) ? parseJson(text.replace(TOKEN, quoteLongInteger)) : plain;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SbeError('the text is not JSON');
  }
}

function quoteLongInteger(token: string): string {
  return LONG_INTEGER.test(token) ? `"${token}"` : token;
}
