import { describe, expect, test } from 'bun:test';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { OptionsError } from '../errors.ts';
import { readPrivateKey } from './private-key.ts';
import { hmacSigner, privateKeySigner } from './signing.ts';

/** The seed of spot-margin, Appendix B, in PKCS#8. */
const ED25519 = [
  '-----BEGIN PRIVATE KEY-----',
  'MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  '-----END PRIVATE KEY-----',
  '',
].join('\n');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RSA = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });
const RSA_PKCS1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' });
const PAYLOAD = 'apiKey=k&symbol=币安USDT&timestamp=1767225600123';

const rsaVerifies = (signature: string): boolean =>
  verify('sha256', Buffer.from(PAYLOAD), rsa.publicKey, Buffer.from(signature, 'base64'));

describe('HMAC', () => {
  test('is hex of SHA-256, keyed with the secret’s characters', async () => {
    const signer = hmacSigner('s3cret');
    expect(signer.kind).toBe('HMAC');
    expect(await signer.sign(PAYLOAD)).toBe(createHmac('sha256', 's3cret').update(PAYLOAD).digest('hex'));
  });

  test.each(['', ' secret', 'secret\n', 'two words'])('%p is no secret', (secret) => {
    expect(() => hmacSigner(secret)).toThrow(OptionsError);
  });
});

describe('Ed25519', () => {
  test('signs as the reference does', async () => {
    const signer = privateKeySigner(ED25519);
    expect(signer.kind).toBe('ED25519');
    const payload = 'apiKey=TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519ABCD&timestamp=1767225600123';
    expect(await signer.sign(payload)).toBe(
      '+1Bt8YzPiHBnkc3hbF5F6XvjGVC/WcuV8ahZCY2NYsvR4UPBKzReXGe9fvk6aUIJjnwqVDXI4YvPwteO1DgFAw==',
    );
  });

  test('signs many at once with one key', async () => {
    const signer = privateKeySigner(ED25519);
    const key = createPublicKey(createPrivateKey(ED25519));
    const signatures = await Promise.all(Array.from({ length: 20 }, (_, at) => signer.sign(`timestamp=${at}`)));
    const right = signatures.map((text, at) =>
      verify(null, Buffer.from(`timestamp=${at}`), key, Buffer.from(text, 'base64')),
    );
    expect(right).toEqual(Array.from({ length: 20 }, () => true));
  });
});

describe('RSA', () => {
  test.each([
    ['PKCS#8', RSA],
    ['PKCS#1', RSA_PKCS1],
    ['PKCS#8 in one line with \\n', RSA.replaceAll('\n', '\\n')],
  ])('signs with SHA-256 and PKCS#1 v1.5, from %s', async (_, pem) => {
    const signer = privateKeySigner(String(pem));
    expect(signer.kind).toBe('RSA');
    expect(rsaVerifies(await signer.sign(PAYLOAD))).toBe(true);
  });

  test('PKCS#1 is wrapped as OpenSSL wraps it, at every length of length', () => {
    for (const modulusLength of [512, 1024, 4096]) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
      const { pkcs8 } = readPrivateKey(String(privateKey.export({ type: 'pkcs1', format: 'pem' })));
      expect(Buffer.from(pkcs8)).toEqual(privateKey.export({ type: 'pkcs8', format: 'der' }));
    }
  });
});

describe('encrypted keys', () => {
  const encrypted = String(
    createPrivateKey(ED25519).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    }),
  );
  const legacy = String(
    rsa.privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'open sesame' }),
  );

  test('open with their passphrase', async () => {
    const payload = 'timestamp=1';
    expect(await privateKeySigner(encrypted, 'open sesame').sign(payload)).toBe(
      await privateKeySigner(ED25519).sign(payload),
    );
    expect(rsaVerifies(await privateKeySigner(legacy, 'open sesame').sign(PAYLOAD))).toBe(true);
  });

  test('say what is missing', () => {
    expect(() => privateKeySigner(encrypted)).toThrow('give its passphrase too');
    expect(() => privateKeySigner(legacy)).toThrow('give its passphrase too');
    expect(() => privateKeySigner(encrypted, 'wrong')).toThrow('is the passphrase right?');
  });
});

describe('what is no private key is refused with what it is instead', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const body = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----`;

  test.each([
    ['nothing', '', 'expected a PEM text'],
    ['a secret', 'cHJvdG9jb2wtcmVmZXJlbmNlLXRlc3Qtc2VjcmV0', 'expected a PEM text'],
    ['half a PEM', ED25519.slice(0, 60), 'expected a PEM text'],
    ['a public key', String(rsa.publicKey.export({ type: 'spki', format: 'pem' })), 'public half'],
    ['a public key in PKCS#1', String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })), 'public half'],
    ['a certificate', body('CERTIFICATE'), 'certificate'],
    ['an EC key', String(ec.export({ type: 'sec1', format: 'pem' })), 'no EC keys'],
    ['an EC key in PKCS#8', String(ec.export({ type: 'pkcs8', format: 'pem' })), 'neither Ed25519 nor RSA'],
    ['a key of OpenSSH', body('OPENSSH PRIVATE KEY'), 'OpenSSH'],
    ['no base64', body('PRIVATE KEY').replace('AAAA', 'ä'), 'not base64'],
    ['bytes that are no key', body('PRIVATE KEY'), 'neither Ed25519 nor RSA'],
  ])('%s', (_, pem, sentence) => {
    expect(() => privateKeySigner(pem)).toThrow(OptionsError);
    expect(() => privateKeySigner(pem)).toThrow(sentence);
  });

  test('a damaged key, at its first signature', async () => {
    const cut = String(RSA_PKCS1).replace(/\n[^-\n]{64}\n/, '\n');
    const error = await privateKeySigner(cut)
      .sign('a')
      .then(String, (fault: unknown) => fault);
    expect(error).toBeInstanceOf(OptionsError);
    expect(String(error)).toContain('is damaged');
  });
});

test('no road out of a signer or an error shows the key', async () => {
  const secrets = ['s3cretS3cret', ED25519.split('\n')[1] ?? '', String(RSA).split('\n')[3] ?? ''];
  const signers = [hmacSigner('s3cretS3cret'), privateKeySigner(ED25519), privateKeySigner(String(RSA))];
  await Promise.all(signers.map((signer) => signer.sign('a')));
  const errors = [`${ED25519.slice(0, 90)}`, ED25519.replace('END', 'UND')].map((pem) => {
    try {
      return privateKeySigner(pem);
    } catch (error) {
      return error;
    }
  });
  for (const value of [...signers, ...errors]) {
    const shown = [
      inspect(value, { depth: 9, showHidden: true }),
      Bun.inspect(value),
      JSON.stringify(value),
      String(value),
    ];
    for (const secret of secrets) expect(shown.join('\n')).not.toContain(secret);
  }
});
