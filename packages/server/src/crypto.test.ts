import { describe, expect, test } from 'bun:test';
import { constants, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { Redacted } from '@listenpost/core';
import { nodeCrypto } from './crypto.ts';

// Vectors of spot-margin Appendix B.
const SECRET = 'cHJvdG9jb2wtcmVmZXJlbmNlLXRlc3Qtc2VjcmV0LTAwMDE0a1B9xXqZ7Lm2Rf8T';
const HMAC_KEY = 'TESTkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0';
const ED25519_KEY = 'TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519ABCD';
const ED25519_PEM =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n-----END PUBLIC KEY-----\n';
const ED25519_PAYLOAD = `apiKey=${ED25519_KEY}&timestamp=1767225600123`;
const ED25519_SIGNATURE = '+1Bt8YzPiHBnkc3hbF5F6XvjGVC/WcuV8ahZCY2NYsvR4UPBKzReXGe9fvk6aUIJjnwqVDXI4YvPwteO1DgFAw==';

const hmac = nodeCrypto.verifier({ type: 'HMAC', secret: new Redacted(SECRET) });
const ed25519 = nodeCrypto.verifier({ type: 'ED25519', publicKey: ED25519_PEM });

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaPem = rsaPair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsa = nodeCrypto.verifier({ type: 'RSA', publicKey: rsaPem });

describe('HMAC-SHA256', () => {
  test.each([
    [
      `apiKey=${HMAC_KEY}&recvWindow=5000&timestamp=1767225600123`,
      '001d061fd66803a7b29ec32df7c401d8bf761009339ac5707e25ca6665aecc06',
    ],
    [
      `apiKey=${HMAC_KEY}&symbol=币安USDT&timestamp=1767225600123`,
      '47165f0fe34fd130c9b6c3c6a76cd8268e49720cb685021f91c0755ad15a8f58',
    ],
    [
      'isIsolated=true&symbol=BNBUSDT&validity=3600000&recvWindow=5000&timestamp=1767225600123',
      'a70de85cb6cb7ca31b00ef3af4f7d52520bf63b2a15ce1a7334106b34b445e3a',
    ],
    [
      'symbol=%E5%B8%81%E5%AE%89USDT&timestamp=1767225600123',
      '027e033f5e423a38376a4fc277e37df543c34ef14c8f2802514b4958da2c2e0d',
    ],
    [
      'symbol=BNBUSDT&isIsolated=truevalidity=3600000&timestamp=1767225600123',
      'f22222fd6a2caa7f8238bd42d6997b0bed9c55ba4e799bcd675d3da948d37ff4',
    ],
  ])('takes the vector for %s', (payload, signature) => {
    expect(hmac(payload, signature)).toBe(true);
    expect(hmac(payload, signature.toUpperCase())).toBe(true);
    expect(hmac(`${payload}0`, signature)).toBe(false);
  });

  test.each(['', '0', 'zz'.repeat(32), ` ${'0'.repeat(63)}`, '0'.repeat(66), ED25519_SIGNATURE])(
    'refuses %p, which is no hexadecimal digest',
    (signature) => {
      expect(hmac('timestamp=1', signature)).toBe(false);
    },
  );

  test('refuses an empty secret', () => {
    expect(() => nodeCrypto.verifier({ type: 'HMAC', secret: new Redacted('') })).toThrow('secret is empty');
  });
});

describe('Ed25519', () => {
  test('takes the vector and nothing near it', () => {
    expect(ed25519(ED25519_PAYLOAD, ED25519_SIGNATURE)).toBe(true);
    expect(ed25519(`${ED25519_PAYLOAD}4`, ED25519_SIGNATURE)).toBe(false);
  });

  test('takes one spelling of a signature only', () => {
    const unpadded = ED25519_SIGNATURE.replaceAll('=', '');
    const urlSafe = ED25519_SIGNATURE.replaceAll('+', '-').replaceAll('/', '_');
    const strayBits = ED25519_SIGNATURE.replace('Aw==', 'Ax==');
    for (const other of [unpadded, urlSafe, strayBits, `${ED25519_SIGNATURE}\n`, ED25519_SIGNATURE.toLowerCase(), '']) {
      expect(ed25519(ED25519_PAYLOAD, other)).toBe(false);
    }
  });

  test('the private key of the vector signs what the verifier takes', () => {
    const seed = Buffer.from([...new Array(32).keys()]);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const signature = sign(null, Buffer.from('a=b'), key).toString('base64');
    expect(ed25519('a=b', signature)).toBe(true);
  });
});

describe('RSA', () => {
  const signed = (payload: string) => sign('sha256', Buffer.from(payload), rsaPair.privateKey).toString('base64');

  test('takes PKCS#1 v1.5 with SHA-256', () => {
    expect(rsa('symbol=币安USDT', signed('symbol=币安USDT'))).toBe(true);
    expect(rsa('symbol=BNBUSDT', signed('symbol=币安USDT'))).toBe(false);
  });

  test('refuses PSS padding and a signature of another length', () => {
    const pss = sign('sha256', Buffer.from('a=b'), {
      key: rsaPair.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
    });
    expect(rsa('a=b', pss.toString('base64'))).toBe(false);
    expect(rsa('a=b', ED25519_SIGNATURE)).toBe(false);
  });

  test('refuses a key of fewer than 2048 bits', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(() => nodeCrypto.verifier({ type: 'RSA', publicKey: pem })).toThrow('has 1024 bits; use 2048');
  });
});

describe('public keys that cannot be used name the fix', () => {
  const privatePem = rsaPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pkcs1Pem = rsaPair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();

  test.each([
    ['text that is no PEM', 'hello', 'not a PEM public key; expected "-----BEGIN PUBLIC KEY-----'],
    ['a private key', privatePem, 'openssl pkey -in key.pem -pubout'],
    ['a PKCS#1 key', pkcs1Pem, 'openssl rsa -RSAPublicKey_in'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\n', 'a PEM of CERTIFICATE'],
    ['a broken PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'cannot be read; paste it whole'],
    ['a key of the other algorithm', ED25519_PEM, "but the API key's type is RSA"],
  ])('%s', (_, publicKey, sentence) => {
    expect(() => nodeCrypto.verifier({ type: 'RSA', publicKey })).toThrow(TypeError);
    expect(() => nodeCrypto.verifier({ type: 'RSA', publicKey })).toThrow(sentence);
  });
});

describe('equal', () => {
  test('compares texts of any length', () => {
    expect(nodeCrypto.equal('', '')).toBe(true);
    expect(nodeCrypto.equal('币安', '币安')).toBe(true);
    expect(nodeCrypto.equal('a', 'ab')).toBe(false);
    expect(nodeCrypto.equal('a', 'b')).toBe(false);
  });
});
