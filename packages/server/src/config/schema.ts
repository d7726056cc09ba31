/**
 * The config file (design: outside contract, config file). Every key has its row here, with its default in `config.ts`.
 */
import { isIP } from 'node:net';
import type { SymbolRow } from '@listenpost/protocol';
import { symbolRowsOf } from '@listenpost/protocol';
import { z } from 'zod';
import { SECRET_ID, secretValueProblem } from '../secrets.ts';
import { accountSchemaFrom } from './account-schema.ts';
import { asOfText } from './as-of.ts';
import { parseAddressRange, RANGE_FORM } from './ip-allow-list.ts';
import { limitsSchema } from './limits-schema.ts';
import { given, oneOf, parsedText, strictObject } from './problems.ts';
import { secretText, type TextSource } from './secret-text.ts';
import { DURATION_FORM, parseDuration, parseSize, SIZE_FORM } from './units.ts';

/** A segment is dropped whole, so it must stay small beside what retention keeps; and hold the largest commit. */
const SEGMENT_BYTES_MIN = 64 * 1024;
const SEGMENT_BYTES_MAX = 4 * 2 ** 30;

const RETENTION_MS_MIN = 1000;

/** A drain longer than an hour is a hang. */
const DRAIN_SECONDS_MAX = 3600;

export const ADMIN_ROLES = ['admin', 'publish', 'read'] as const;

const path = z.string({ error: ({ input }) => `${given(input)}; expected a path` }).min(1, { error: 'is empty' });

const port = parsedText('a port from 0 to 65535 (0 picks a free one)', (text) => wholeNumber(text, 0, 65_535));

const hostForm = 'an address or host name such as "127.0.0.1", "0.0.0.0" or "localhost"';
const host = parsedText(hostForm, (text) => (isHost(text) ? text : undefined));

/** What flags and file share; a flag wins. */
const listenerShape = {
  host: host.optional(),
  port: port.optional(),
  tlsPort: port.optional(),
  adminHost: host.optional(),
  adminPort: port.optional(),
  tlsName: list(host).optional(),
  tlsCert: path.optional(),
  tlsKey: path.optional(),
  data: path.optional(),
  asOf: asOfText.optional(),
  drain: parsedText(`seconds from 0 to ${DRAIN_SECONDS_MAX}`, (text) => seconds(text)).optional(),
};

export const flagsSchema = strictObject(listenerShape);

const symbol = z.unknown().transform((input, context): readonly SymbolRow[] => {
  try {
    return symbolRowsOf([typeof input === 'string' ? input : JSON.stringify(input)]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message.replace(/^symbols: /, '') });
    return z.NEVER;
  }
});

const addressRange = parsedText(RANGE_FORM, (text) => (parseAddressRange(text) === undefined ? undefined : text));

const segmentBytes = parsedText(`${SIZE_FORM}, from 64KiB to 4GiB`, (text) => {
  const bytes = parseSize(text);
  return bytes !== undefined && bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX ? bytes : undefined;
});

const retentionAge = parsedText(`${DURATION_FORM}, at least 1s`, (text) => {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= RETENTION_MS_MIN ? ms : undefined;
});

const retentionBytes = parsedText(`${SIZE_FORM}, at least 64KiB`, (text) => {
  const bytes = parseSize(text);
  return bytes !== undefined && bytes >= SEGMENT_BYTES_MIN ? bytes : undefined;
});

const journal = strictObject({
  commit: oneOf(['fsync', 'write', 'memory']).optional(),
  segmentBytes: segmentBytes.optional(),
  retention: strictObject({ age: retentionAge.optional(), bytes: retentionBytes.optional() }).optional(),
});

export function configSchemaFrom(source: TextSource) {
  return strictObject({
    accounts: list(accountSchemaFrom(source)).optional(),
    limits: limitsSchema.optional(),
    validation: oneOf(['strict', 'types', 'off']).optional(),
    symbols: list(symbol).optional(),
    journal: journal.optional(),
    secrets: secretsFrom(source).optional(),
    legacyPaths: oneOf(['silent', 'deliver', '404']).optional(),
    expirationTimeUnit: oneOf(['timeUnit', 'microseconds']).optional(),
    sbe: oneOf(['on', 'off']).optional(),
    trustedProxies: list(addressRange).optional(),
    admin: strictObject({ tokens: list(adminTokenFrom(source)).optional() }).optional(),
    ...listenerShape,
  });
}

export type ParsedConfig = z.infer<ReturnType<typeof configSchemaFrom>>;
export type ParsedFlags = z.infer<typeof flagsSchema>;

function secretsFrom(source: TextSource) {
  const secret = strictObject({
    id: parsedText('1 to 32 of A-Z a-z 0-9 _ -', (text) => (SECRET_ID.test(text) ? text : undefined)),
    value: secretText(source, secretValueProblem),
  });
  return strictObject({ current: secret, previous: list(secret).optional() });
}

function adminTokenFrom(source: TextSource) {
  return strictObject({
    token: secretText(source, adminTokenProblem),
    role: oneOf(ADMIN_ROLES),
  });
}

function adminTokenProblem(text: string): string | undefined {
  return /^[\x21-\x7e]{1,256}$/.test(text)
    ? undefined
    : 'expected 1 to 256 visible ASCII characters, as it travels in a header';
}

function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: ({ input }) => `${given(input)}; expected a list` });
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function seconds(text: string): number | undefined {
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  return value <= DRAIN_SECONDS_MAX ? value : undefined;
}

/** RFC 1123, with the underscore that container networks put into names. */
const HOST_NAME = /^(?=.{1,253}$)\w([\w-]{0,61}\w)?(\.\w([\w-]{0,61}\w)?)*$/;

function isHost(text: string): boolean {
  return isIP(text) !== 0 || HOST_NAME.test(text);
}
