import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { payloadText, queryText, signedParams, signedQuery } from './request-text.ts';
import { hmacSigner } from './signing.ts';

const SECRET = 'cHJvdG9jb2wtcmVmZXJlbmNlLXRlc3Qtc2VjcmV0LTAwMDE0a1B9xXqZ7Lm2Rf8T';
const API_KEY = 'TESTkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0';

/** spot-margin, Appendix B. */
describe('the reference’s vectors', () => {
  const signer = hmacSigner(SECRET);

  test('WebSocket API', async () => {
    const params = { timestamp: 1767225600123, recvWindow: 5000, apiKey: API_KEY };
    expect(payloadText(params)).toBe(`apiKey=${API_KEY}&recvWindow=5000&timestamp=1767225600123`);
    expect(await signedParams(params, signer)).toEqual({
      ...params,
      signature: '001d061fd66803a7b29ec32df7c401d8bf761009339ac5707e25ca6665aecc06',
    });
  });

  test('WebSocket API, non-ASCII', async () => {
    const params = { symbol: '币安USDT', apiKey: API_KEY, timestamp: 1767225600123 };
    expect(payloadText(params)).toBe(`apiKey=${API_KEY}&symbol=币安USDT&timestamp=1767225600123`);
    expect((await signedParams(params, signer))['signature']).toBe(
      '47165f0fe34fd130c9b6c3c6a76cd8268e49720cb685021f91c0755ad15a8f58',
    );
  });

  test('REST, in the order given', async () => {
    const params = {
      isIsolated: true,
      symbol: 'BNBUSDT',
      validity: 3600000,
      recvWindow: 5000,
      timestamp: 1767225600123,
    };
    expect(await signedQuery(params, signer)).toBe(
      'isIsolated=true&symbol=BNBUSDT&validity=3600000&recvWindow=5000&timestamp=1767225600123' +
        '&signature=a70de85cb6cb7ca31b00ef3af4f7d52520bf63b2a15ce1a7334106b34b445e3a',
    );
  });

  test('REST, non-ASCII', async () => {
    expect(await signedQuery({ symbol: '币安USDT', timestamp: 1767225600123 }, signer)).toBe(
      'symbol=%E5%B8%81%E5%AE%89USDT&timestamp=1767225600123' +
        '&signature=027e033f5e423a38376a4fc277e37df543c34ef14c8f2802514b4958da2c2e0d',
    );
  });
});

test('what is undefined is left out, of both', () => {
  const params = { symbol: undefined, recvWindow: 250.125, isIsolated: false };
  expect(queryText(params)).toBe('recvWindow=250.125&isIsolated=false');
  expect(payloadText(params)).toBe('isIsolated=false&recvWindow=250.125');
});

test('nothing is nothing', () => {
  expect(queryText({})).toBe('');
  expect(payloadText({})).toBe('');
});

test('the names are sorted by their bytes: capitals first', () => {
  expect(payloadText({ b: 1, a: 2, B: 3, A: 4, aa: 5 })).toBe('A=4&B=3&a=2&aa=5&b=1');
});

test('base64 of a signature is percent-encoded', async () => {
  const signer = { kind: 'RSA' as const, sign: () => Promise.resolve('a+b/c==') };
  expect(await signedQuery({ a: 1 }, signer)).toBe('a=1&signature=a%2Bb%2Fc%3D%3D');
});

test('a query holds letters, digits, - _ . ~ and %XX alone, and says what it was given', () => {
  const property = fc.property(fc.string({ unit: 'grapheme' }), (value) => {
    const query = queryText({ v: value });
    expect(query).toMatch(/^v=(?:[A-Za-z0-9\-_.~]|%[0-9A-F]{2})*$/);
    expect(decodeURIComponent(query.slice(2))).toBe(value);
  });
  fc.assert(property, { seed: 20_260_115, numRuns: 500 });
  expect(queryText({ v: "!'()*" })).toBe('v=%21%27%28%29%2A');
});

test('signatures are over what is sent', async () => {
  const query = await signedQuery({ c: 'a b&c=d', timestamp: 1 }, hmacSigner(SECRET));
  const [payload, signature] = query.split('&signature=');
  expect(signature).toBe(
    createHmac('sha256', SECRET)
      .update(payload ?? '')
      .digest('hex'),
  );
});
