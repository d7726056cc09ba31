/** The SDK's signers on Node: WebCrypto is the runtime's own. Vectors of spot-margin, Appendix B. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { load } from './bundle.mjs';

const { hmacSigner, privateKeySigner } = await load('packages/client/src/wire/signing.ts');

const SEED = 'MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
const ED25519 = `-----BEGIN PRIVATE KEY-----\n${SEED}\n-----END PRIVATE KEY-----\n`;

test('HMAC', async () => {
  const secret = 'cHJvdG9jb2wtcmVmZXJlbmNlLXRlc3Qtc2VjcmV0LTAwMDE0a1B9xXqZ7Lm2Rf8T';
  const payload = 'symbol=BNBUSDT&isIsolated=truevalidity=3600000&timestamp=1767225600123';
  const signature = await hmacSigner(secret).sign(payload);
  assert.equal(signature, 'f22222fd6a2caa7f8238bd42d6997b0bed9c55ba4e799bcd675d3da948d37ff4');
});

test('Ed25519', async () => {
  const payload = 'apiKey=TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519ABCD&timestamp=1767225600123';
  const signature = await privateKeySigner(ED25519).sign(payload);
  assert.equal(signature, '+1Bt8YzPiHBnkc3hbF5F6XvjGVC/WcuV8ahZCY2NYsvR4UPBKzReXGe9fvk6aUIJjnwqVDXI4YvPwteO1DgFAw==');
});

test('RSA, and what is encrypted', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const lock = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
  for (const type of ['pkcs1', 'pkcs8']) {
    for (const cipher of [{}, lock]) {
      const pem = privateKey.export({ type, format: 'pem', ...cipher });
      const signature = await privateKeySigner(pem, cipher.passphrase).sign('a=1');
      assert.ok(verify('sha256', Buffer.from('a=1'), publicKey, Buffer.from(signature, 'base64')));
    }
  }
  const locked = createPrivateKey(ED25519).export({ type: 'pkcs8', format: 'pem', ...lock });
  assert.throws(() => privateKeySigner(locked, 'wrong'), /is the passphrase right/);
  assert.equal(privateKeySigner(locked, lock.passphrase).kind, 'ED25519');
});

test('a signer prints no key', () => {
  assert.ok(!inspect(privateKeySigner(ED25519), { depth: 9, showHidden: true }).includes(SEED));
});
