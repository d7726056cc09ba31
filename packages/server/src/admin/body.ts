import type { z } from 'zod';
import { inOrderOf, printed, problemsOf } from '../config/problems.ts';
import { Refusal } from './refusal.ts';

/** Of one request or one message: 25,000 events of 650 bytes, parsed in some 50 ms. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** The body as text. Throws 413 for one beyond `BODY_BYTES_MAX`, 400 for one that is not UTF-8. */
export async function bodyText(request: Request): Promise<string> {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > BODY_BYTES_MAX) throw tooLarge();
  const bytes = length === null ? await bytesUpToMax(request) : await request.bytes();
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Refusal(400, 'the body is not valid UTF-8; send JSON in UTF-8');
  }
}

/** Refuses what is no UTF-8 instead of replacing it: a body that is stored must be the body that was sent. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** For a body that does not say how long it is. */
async function bytesUpToMax(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(413, `the body is larger than ${BODY_BYTES_MAX} bytes; send it in several requests`);
}

/** JSON text as the schema reads it. Throws 400 naming each field at fault; `line` where it stands in an NDJSON body. */
export function parsed<Value>(schema: z.ZodType<Value>, text: string, line?: number): Value {
  return checked(schema, json(text, line), line);
}

export function checked<Value>(schema: z.ZodType<Value>, value: unknown, line?: number): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = inOrderOf(value, problemsOf(result.error)).slice(0, PROBLEMS_MAX);
  throw new Refusal(400, problems.map(printed).join('; '), line === undefined ? {} : { line });
}

/** An answer is read by people: the first faults are enough to see what is wrong. */
const PROBLEMS_MAX = 5;

function json(text: string, line: number | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be parsed';
    throw new Refusal(400, `not JSON: ${reason}`, line === undefined ? {} : { line });
  }
}

/** The lines of an NDJSON text that hold something, with their numbers from 1. */
export function* linesOf(text: string): Generator<{ readonly line: number; readonly text: string }> {
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(start, end).trim();
    if (content !== '') yield { line, text: content };
    start = end + 1;
  }
}
