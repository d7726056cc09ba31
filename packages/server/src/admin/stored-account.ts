import { type AccountSpec, type ApiKeySpec, Redacted } from '@listenpost/core';
import type { Permission } from '@listenpost/protocol';

/** An account as the registry's sealed text holds it. Secrets stand in it as they are: it is never anything but sealed. */
interface StoredAccount {
  readonly id: string;
  readonly apiKeys: readonly StoredApiKey[];
  readonly scopes?: readonly string[];
}

interface StoredApiKey {
  readonly apiKey: string;
  readonly type: ApiKeySpec['type'];
  /** The HMAC secret or the PEM of the public key. */
  readonly material: string;
  readonly permissions?: readonly Permission[];
  readonly ipAllowList?: readonly string[];
}

export function storedText({ id, apiKeys, scopes }: AccountSpec): string {
  const stored: StoredAccount = { id, apiKeys: apiKeys.map(storedKey), ...(scopes === undefined ? {} : { scopes }) };
  return JSON.stringify(stored);
}

/** The text is ours: it opened under its seal, so its shape is not checked again. */
export function accountOfText(text: string): AccountSpec {
  const { id, apiKeys, scopes } = JSON.parse(text) as StoredAccount;
  return { id, apiKeys: apiKeys.map(apiKeyOf), ...(scopes === undefined ? {} : { scopes }) };
}

function storedKey(spec: ApiKeySpec): StoredApiKey {
  const { permissions, ipAllowList } = spec;
  return {
    apiKey: spec.apiKey.reveal(),
    type: spec.type,
    material: spec.type === 'HMAC' ? spec.secret.reveal() : spec.publicKey,
    ...(permissions === undefined ? {} : { permissions }),
    ...(ipAllowList === undefined ? {} : { ipAllowList }),
  };
}

function apiKeyOf({ apiKey, type, material, ...bounds }: StoredApiKey): ApiKeySpec {
  const own = { apiKey: new Redacted(apiKey), ...bounds };
  return type === 'HMAC' ? { ...own, type, secret: new Redacted(material) } : { ...own, type, publicKey: material };
}
