import { describe, expect, test } from 'bun:test';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { membersOf, parseJson } from '../json.ts';
import { Params } from './params.ts';

/** Spot-margin Appendix B. */
const SECRET = 'cHJvdG9jb2wtcmVmZXJlbmNlLXRlc3Qtc2VjcmV0LTAwMDE0a1B9xXqZ7Lm2Rf8T';
const HMAC_KEY = 'TESTkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0HMACkey0';
const ED25519_KEY = 'TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519TESTkey1ED25519ABCD';
const ED25519_SPKI = 'MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=';

/** As the WebSocket API reads the `params` of this text. */
const ofText = (text: string) => Params.ofJson(membersOf(parseJson(text)) ?? {});
const hmac = (payload: string) => createHmac('sha256', SECRET).update(payload).digest('hex');

describe('the signed payload', () => {
  test('is every member but the signature, sorted by name', () => {
    const params = ofText('{"timestamp":1767225600123,"signature":"x","recvWindow":5000,"apiKey":"k","Zeta":1,"a":""}');
    expect(params.signedPayload()).toBe('Zeta=1&a=&apiKey=k&recvWindow=5000&timestamp=1767225600123');
  });

  test('has numbers by their literal, booleans by their word, the rest as compact JSON', () => {
    const params = ofText('{"a":5000.0,"b":1e3,"c":9007199254740993,"d":true,"e":[1, 2],"f":{"x": 1},"g":"5000.0"}');
    expect(params.signedPayload()).toBe('a=5000.0&b=1e3&c=9007199254740993&d=true&e=[1,2]&f={"x":1}&g=5000.0');
  });

  test('leaves out null', () => {
    expect(ofText('{"a":null,"b":1}').signedPayload()).toBe('b=1');
  });

  test('is percent-encoded only when asked', () => {
    const params = ofText('{"symbol":"币安USDT","note":"a b+c"}');
    expect(params.signedPayload()).toBe('note=a b+c&symbol=币安USDT');
    expect(params.signedPayload(encodeURIComponent)).toBe('note=a%20b%2Bc&symbol=%E5%B8%81%E5%AE%89USDT');
  });

  test('gives the signatures of the reference: WebSocket API', () => {
    const params = ofText(`{"timestamp":1767225600123,"recvWindow":5000,"apiKey":"${HMAC_KEY}"}`);
    expect(hmac(params.signedPayload())).toBe('001d061fd66803a7b29ec32df7c401d8bf761009339ac5707e25ca6665aecc06');
  });

  test('gives the signatures of the reference: non-ASCII', () => {
    const params = ofText(`{"timestamp":1767225600123,"symbol":"币安USDT","apiKey":"${HMAC_KEY}"}`);
    expect(hmac(params.signedPayload())).toBe('47165f0fe34fd130c9b6c3c6a76cd8268e49720cb685021f91c0755ad15a8f58');
  });

  test('gives the signatures of the reference: Ed25519', () => {
    const payload = ofText(`{"timestamp":1767225600123,"apiKey":"${ED25519_KEY}"}`).signedPayload();
    const key = createPublicKey({ key: Buffer.from(ED25519_SPKI, 'base64'), format: 'der', type: 'spki' });
    const signature = '+1Bt8YzPiHBnkc3hbF5F6XvjGVC/WcuV8ahZCY2NYsvR4UPBKzReXGe9fvk6aUIJjnwqVDXI4YvPwteO1DgFAw==';
    expect(verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64'))).toBe(true);
  });
});

describe('a parameter', () => {
  test('that is empty, null or absent was not sent', () => {
    const params = ofText('{"a":"","b":null}');
    for (const name of ['a', 'b', 'c', 'toString', '__proto__']) expect(params.text(name)).toBeUndefined();
  });

  test('is text, whatever it was sent as', () => {
    const params = ofText('{"timestamp":1767225600123,"recvWindow":"5000","flag":false}');
    expect(params.text('timestamp')).toBe('1767225600123');
    expect(params.text('recvWindow')).toBe('5000');
    expect(params.text('flag')).toBe('false');
  });
});

test('any members are read and signed over without an error', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (members) => {
      const text = JSON.stringify(members);
      expect(typeof ofText(text).signedPayload((value) => encodeURIComponent(value.toWellFormed()))).toBe('string');
    }),
    { seed: 20260701, numRuns: 500 },
  );
});
