/**
 * Accounts and API keys, in the one shape that the config file and the admin API share (design §4.2).
 */
import type { AccountSpec, ApiKeyMaterial, ApiKeySpec } from '@listenpost/core';
import { Redacted } from '@listenpost/core';
import { ACCOUNT_ID, PERMISSIONS, PRODUCTS, productOfScope } from '@listenpost/protocol';
import { z } from 'zod';
import { nodeCrypto } from '../crypto.ts';
import { parseAddressRange, RANGE_FORM } from './ip-allow-list.ts';
import { suggestion } from './nearest.ts';
import { alternatives, given, oneOf, type Problem, parsedText, strictObject } from './problems.ts';
import { plainText, secretText, type TextSource } from './secret-text.ts';

/** Keys of one account: far more than anybody has, few enough that an account stays one small row. */
const API_KEYS_MAX = 1000;
const ADDRESSES_MAX = 1000;
const SCOPES_MAX = 10_000;

/** Header values and signature payloads carry API keys, so they hold no blank and nothing that would need quoting. */
const API_KEY = /^[\x21-\x7e]{1,128}$/;

const SCOPES = Object.keys(PRODUCTS).map((id) => (productOfScope(id) === undefined ? `${id}:<SYMBOL>` : id));

const scope = parsedText(`one of ${alternatives(SCOPES)}`, (text) =>
  productOfScope(text) === undefined || text.endsWith(':*') ? undefined : text,
);

const permission = oneOf(PERMISSIONS);

const addressRange = parsedText(RANGE_FORM, (text) => (parseAddressRange(text) === undefined ? undefined : text));

const TYPES = ['HMAC', 'ED25519', 'RSA'] as const;

/** The schema with secrets read from `source`. */
export function accountSchemaFrom(source: TextSource) {
  return strictObject({
    id: z
      .string({ error: ({ input }) => `${given(input)}; expected a text` })
      .regex(ACCOUNT_ID, { error: ({ input }) => `${given(input)}; expected 1 to 64 of A-Z a-z 0-9 . _ -` }),
    apiKeys: listOf(apiKeySchema(source), API_KEYS_MAX),
    scopes: listOf(scope, SCOPES_MAX).optional(),
  });
}

/** For the admin API: secrets stand in the document itself. */
export const accountSchema = accountSchemaFrom(plainText);

export type ParsedAccount = z.infer<typeof accountSchema>;
type ParsedApiKey = ParsedAccount['apiKeys'][number];

/** What core takes; exactly the keys that were given. */
export function accountSpecOf(parsed: ParsedAccount): AccountSpec {
  return Object.freeze({
    id: parsed.id,
    apiKeys: Object.freeze(parsed.apiKeys.map(apiKeySpecOf)),
    ...(parsed.scopes === undefined ? {} : { scopes: Object.freeze(parsed.scopes) }),
  });
}

/** Two accounts of one id, and one API key given twice: what no single value shows. Reads the document as it came. */
export function duplicatesIn(accounts: unknown, source: TextSource): Problem[] {
  const owners = new Map<string, string>();
  const ids = new Set<string>();
  return members(accounts).flatMap((account, index) => {
    const id = memberOf(account, 'id');
    const keys = members(memberOf(account, 'apiKeys')).flatMap((key, at) =>
      duplicateKey(memberOf(key, 'apiKey'), ['accounts', index, 'apiKeys', at, 'apiKey'], source, owners),
    );
    if (typeof id !== 'string' || !ids.has(id)) {
      if (typeof id === 'string') ids.add(id);
      return keys;
    }
    return [{ path: ['accounts', index, 'id'], message: `"${id}" is the id of an earlier account too` }, ...keys];
  });
}

function duplicateKey(
  input: unknown,
  path: Problem['path'],
  source: TextSource,
  owners: Map<string, string>,
): Problem[] {
  const result = source(input);
  if ('problem' in result) return [];
  const owner = owners.get(result.text);
  if (owner !== undefined) return [{ path, message: `the same API key stands at ${owner}; give each its own` }];
  owners.set(result.text, `accounts[${String(path[1])}].apiKeys[${String(path[3])}]`);
  return [];
}

const members = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

function listOf<Item extends z.ZodType>(item: Item, max: number) {
  return z
    .array(item, { error: ({ input }) => `${input === undefined ? 'missing; ' : ''}expected a list` })
    .max(max, { error: `expected at most ${max}` });
}

function apiKeySchema(source: TextSource) {
  const shared = {
    apiKey: secretText(source, problemWithApiKey),
    permissions: listOf(permission, PERMISSIONS.length).optional(),
    ipAllowList: listOf(addressRange, ADDRESSES_MAX).optional(),
  };
  const publicKey = (type: 'RSA' | 'ED25519') =>
    secretText(source, (text) => problemWithMaterial({ type, publicKey: text }));
  const secret = secretText(source, (text) => problemWithMaterial({ type: 'HMAC', secret: new Redacted(text) }));
  return z.discriminatedUnion(
    'type',
    [
      strictObject({ ...shared, type: z.literal('HMAC'), secret }),
      strictObject({ ...shared, type: z.literal('RSA'), publicKey: publicKey('RSA') }),
      strictObject({ ...shared, type: z.literal('ED25519'), publicKey: publicKey('ED25519') }),
    ],
    { error: ({ input }) => wrongType(input) },
  );
}

function wrongType(input: unknown): string {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'expected an object';
  const type = memberOf(input, 'type');
  const meant = typeof type === 'string' ? suggestion(type, TYPES) : '';
  return `${given(type)}; expected ${alternatives(TYPES)}${meant}`;
}

function problemWithApiKey(text: string): string | undefined {
  return API_KEY.test(text) ? undefined : 'expected 1 to 128 visible ASCII characters';
}

function problemWithMaterial(material: ApiKeyMaterial): string | undefined {
  try {
    nodeCrypto.verifier(material);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

function apiKeySpecOf(parsed: ParsedApiKey): ApiKeySpec {
  const material: ApiKeyMaterial =
    parsed.type === 'HMAC'
      ? { type: parsed.type, secret: parsed.secret }
      : { type: parsed.type, publicKey: parsed.publicKey.reveal().trim() };
  return Object.freeze({
    ...material,
    apiKey: parsed.apiKey,
    ...(parsed.permissions === undefined ? {} : { permissions: Object.freeze(parsed.permissions) }),
    ...(parsed.ipAllowList === undefined ? {} : { ipAllowList: Object.freeze(parsed.ipAllowList) }),
  });
}
