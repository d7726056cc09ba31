/**
 * The accounts of `dev` without a config file. Everything here is public on purpose, so that a newcomer can paste, sign and
 * see; `serve` never knows them.
 */
import type { AccountSpec } from '@listenpost/core';
import { Redacted } from '@listenpost/core';

/** 64 characters, as the exchange's. */
const padded = (text: string) => text.repeat(Math.ceil(64 / text.length)).slice(0, 64);

export const DEMO_HMAC_API_KEY = padded('demoHmacKey0');
export const DEMO_HMAC_SECRET = padded('demoHmacSecret0');
export const DEMO_ED25519_API_KEY = padded('demoEd25519Key0');

export const DEMO_ED25519_PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA5qTVqr+wwo0aY2rQbXJQi392Ry9DTOmPqf0bRHWLTek=
-----END PUBLIC KEY-----
`;

/** What a client of the demo account signs `session.logon` with. */
export const DEMO_ED25519_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAw+nKZp+yInGQjzapZXDOQTv7Srtg2sai3WMhr9Mc4K
-----END PRIVATE KEY-----
`;

/** A second account, to see that nobody gets a stranger's events. */
export const DEMO2_HMAC_API_KEY = padded('demo2HmacKey0');
export const DEMO2_HMAC_SECRET = padded('demo2HmacSecret0');

export function demoAccounts(): readonly AccountSpec[] {
  return [
    {
      id: 'demo',
      apiKeys: [
        { type: 'HMAC', apiKey: new Redacted(DEMO_HMAC_API_KEY), secret: new Redacted(DEMO_HMAC_SECRET) },
        { type: 'ED25519', apiKey: new Redacted(DEMO_ED25519_API_KEY), publicKey: DEMO_ED25519_PUBLIC_KEY },
      ],
    },
    {
      id: 'demo2',
      apiKeys: [{ type: 'HMAC', apiKey: new Redacted(DEMO2_HMAC_API_KEY), secret: new Redacted(DEMO2_HMAC_SECRET) }],
    },
  ];
}
