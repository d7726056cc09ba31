import { type AccountNumbers, type AccountSpec, type ApiKeySpec, Redacted } from '@listenpost/core';
import type { Permission } from '@listenpost/protocol';

/** An account as the registry's sealed text holds it. Secrets stand in it as they are: it is never anything but sealed. */
interface StoredAccount {
  readonly id: string;
  /** Absent in what was sealed before accounts had numbers. */
  readonly number?: number;
  readonly apiKeys: readonly StoredApiKey[];
  readonly scopes?: readonly string[];
}

interface StoredApiKey {
  readonly apiKey: string;
  readonly number?: number;
  readonly type: ApiKeySpec['type'];
  /** The HMAC secret or the PEM of the public key. */
  readonly material: string;
  readonly permissions?: readonly Permission[];
  readonly ipAllowList?: readonly string[];
}

export function storedText({ id, apiKeys, scopes }: AccountSpec, numbers: AccountNumbers): string {
  const stored: StoredAccount = {
    id,
    number: numbers.account,
    apiKeys: apiKeys.map((key, index) => storedKey(key, numbers.apiKeys[index] as number)),
    ...(scopes === undefined ? {} : { scopes }),
  };
  return JSON.stringify(stored);
}

/** The text is ours: it opened under its seal, so its shape is not checked again. */
export function accountOfText(text: string): {
  readonly spec: AccountSpec;
  readonly numbers: AccountNumbers | undefined;
} {
  const { id, number, apiKeys, scopes } = JSON.parse(text) as StoredAccount;
  return {
    spec: { id, apiKeys: apiKeys.map(apiKeyOf), ...(scopes === undefined ? {} : { scopes }) },
    numbers:
      number === undefined ? undefined : { account: number, apiKeys: apiKeys.map((key) => key.number as number) },
  };
}

function storedKey(spec: ApiKeySpec, number: number): StoredApiKey {
  const { permissions, ipAllowList } = spec;
  return {
    apiKey: spec.apiKey.reveal(),
    number,
    type: spec.type,
    material: spec.type === 'HMAC' ? spec.secret.reveal() : spec.publicKey,
    ...(permissions === undefined ? {} : { permissions }),
    ...(ipAllowList === undefined ? {} : { ipAllowList }),
  };
}

function apiKeyOf({ apiKey, type, material, permissions, ipAllowList }: StoredApiKey): ApiKeySpec {
  const own = {
    apiKey: new Redacted(apiKey),
    ...(permissions === undefined ? {} : { permissions }),
    ...(ipAllowList === undefined ? {} : { ipAllowList }),
  };
  return type === 'HMAC' ? { ...own, type, secret: new Redacted(material) } : { ...own, type, publicKey: material };
}
