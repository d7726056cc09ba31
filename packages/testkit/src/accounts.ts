import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

/** One account with an HMAC key (`apiKey`, `secret`) and an Ed25519 key (`ed25519ApiKey`, `privateKey`). */
export interface EmulatorAccount {
  readonly id: string;
  readonly apiKey: string;
  readonly secret: string;
  /** `session.logon` takes no other kind of key. */
  readonly ed25519ApiKey: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

export interface AccountOptions {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly id: string;
  /** All, unless said otherwise: `usdm`, `coinm`, `spot`, `margin`, `isolated:BTCUSDT`, … */
  readonly scopes?: readonly string[];
  /** Of both keys. All, unless said otherwise. */
  readonly permissions?: readonly string[];
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 64 letters and digits, as the exchange's. Drawn a little unevenly, which no test minds. */
function letters(seed: string): string {
  return Array.from(createHash('sha512').update(seed).digest(), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same keys for the same seed. */
export function makeAccount({ id }: AccountOptions, seed: string): EmulatorAccount {
  const of = (what: string) => `${seed} ${id} ${what}`;
  const bytes = createHash('sha256').update(of('privateKey')).digest();
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, bytes]), format: 'der', type: 'pkcs8' });
  return {
    id,
    apiKey: letters(of('apiKey')),
    secret: letters(of('secret')),
    ed25519ApiKey: letters(of('ed25519ApiKey')),
    privateKey: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** As the config file has it. */
export function accountDocument(account: EmulatorAccount, { scopes, permissions }: AccountOptions): object {
  const publicKey = createPublicKey(account.privateKey).export({ format: 'pem', type: 'spki' }).toString();
  const allowed = permissions === undefined ? {} : { permissions };
  return {
    id: account.id,
    ...(scopes === undefined ? {} : { scopes }),
    apiKeys: [
      { apiKey: account.apiKey, type: 'HMAC', secret: account.secret, ...allowed },
      { apiKey: account.ed25519ApiKey, type: 'ED25519', publicKey, ...allowed },
    ],
  };
}
