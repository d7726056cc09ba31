/** The file that `listenpost record` writes and `replay` reads (docs/recording-format.md): one JSON object a line. */
import { PRODUCTS, productOfScope } from '@listenpost/protocol';
import { z } from 'zod';

export const RECORDING_VERSION = 1;

/** An hour of a busy account is a tenth of it; the admin API takes no larger body. */
export const RECORDING_BYTES_MAX = 16 * 1024 * 1024;
/** The largest REST answer that is kept whole; a frame of a stream is a hundredth of it. */
export const LINE_BYTES_MAX = 4 * 1024 * 1024;

const text = z.string();
const count = z.number().int().min(0);
/** ms since the recording began. */
const at = z.number().min(0);
const connection = count;

const PRODUCT_IDS = Object.keys(PRODUCTS) as [string, ...string[]];

const HEADER = z.strictObject({
  recording: z.literal(RECORDING_VERSION, { error: `expected ${RECORDING_VERSION}, the version that is known here` }),
  product: z.enum(PRODUCT_IDS),
  /** Whose events they are: the product, or `isolated:<SYMBOL>`. */
  scope: text.refine((scope) => productOfScope(scope) !== undefined, { error: 'expected a scope such as "usdm"' }),
  venue: text,
  startedAt: z.iso.datetime(),
  by: text,
});

const rest = z.strictObject({
  at,
  kind: z.literal('rest'),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  path: text,
  query: text,
  /** How long the answer took. */
  ms: count,
  status: z.number().int().min(100).max(599).optional(),
  retryAfter: text.optional(),
  body: text.optional(),
  /** Instead of an answer: why none came. */
  failed: text.optional(),
});

const LINE = z.discriminatedUnion(
  'kind',
  [
    rest,
    z.strictObject({ at, kind: z.literal('open'), connection, path: text, query: text }),
    z.strictObject({ at, kind: z.literal('opened'), connection }),
    z.strictObject({ at, kind: z.literal('send'), connection, frame: text }),
    z.strictObject({ at, kind: z.literal('receive'), connection, frame: text }),
    z.strictObject({
      at,
      kind: z.literal('close'),
      connection,
      code: count,
      reason: text,
      by: z.enum(['venue', 'client']),
    }),
    z.strictObject({ at, kind: z.literal('end'), reason: text }),
  ],
  { error: 'expected a line of kind rest, open, opened, send, receive, close or end' },
);

export type RecordingHeader = z.infer<typeof HEADER>;
export type RecordingLine = z.infer<typeof LINE>;
export type RestLine = z.infer<typeof rest>;

export interface Recording {
  readonly header: RecordingHeader;
  readonly lines: readonly RecordingLine[];
}

/** Names the line, from 1, and the field at fault. */
export class RecordingError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'RecordingError';
    this.line = line;
  }
}

/** @throws RecordingError */
export function readRecording(whole: string): Recording {
  if (whole.length > RECORDING_BYTES_MAX) {
    throw new RecordingError(1, `the recording is larger than ${RECORDING_BYTES_MAX} bytes; record a shorter time`);
  }
  const rows = whole.split('\n');
  if (rows.at(-1) === '') rows.pop();
  const [first = '', ...rest] = rows;
  const header = checked(HEADER, parsed(first, 1), 1);
  const lines = rest.map((row, index) => checked(LINE, parsed(row, index + 2), index + 2));
  lines.reduce((before, line, index) => {
    if (line.at < before) throw new RecordingError(index + 2, `at: ${line.at} is before ${before} of the line above`);
    return line.at;
  }, 0);
  return { header, lines };
}

function parsed(row: string, line: number): unknown {
  if (row.length > LINE_BYTES_MAX) throw new RecordingError(line, `longer than ${LINE_BYTES_MAX} characters`);
  try {
    return JSON.parse(row);
  } catch {
    throw new RecordingError(line, row === '' ? 'empty' : 'no JSON; the file was cut or altered');
  }
}

function checked<Value>(schema: z.ZodType<Value>, value: unknown, line: number): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new RecordingError(line, path === '' ? String(issue?.message) : `${path}: ${issue?.message}`);
}
