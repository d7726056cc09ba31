import { expect, test } from 'bun:test';
import { createHmac, sign } from 'node:crypto';
import { nodeCrypto } from '../crypto.ts';
import * as demo from './demo.ts';

const [hmac, ed25519] = demo.demoAccounts()[0]?.apiKeys ?? [];

test('demo API keys look like the exchange’s', () => {
  const keys = demo.demoAccounts().flatMap((account) => account.apiKeys.map(({ apiKey }) => apiKey.reveal()));
  expect(keys).toEqual([demo.DEMO_HMAC_API_KEY, demo.DEMO_ED25519_API_KEY, demo.DEMO2_HMAC_API_KEY]);
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9]{64}$/);
});

test('what a newcomer signs with the demo private key is taken', () => {
  if (ed25519 === undefined) throw new Error('the demo account has no Ed25519 key');
  const signature = sign(null, Buffer.from('timestamp=1'), demo.DEMO_ED25519_PRIVATE_KEY).toString('base64');
  expect(nodeCrypto.verifier(ed25519)('timestamp=1', signature)).toBe(true);
});

test('what a newcomer signs with the demo secret is taken', () => {
  if (hmac === undefined) throw new Error('the demo account has no HMAC key');
  const signature = createHmac('sha256', demo.DEMO_HMAC_SECRET).update('timestamp=1').digest('hex');
  expect(nodeCrypto.verifier(hmac)('timestamp=1', signature)).toBe(true);
});
