import { describe, expect, test } from 'bun:test';
import { OptionsError } from './errors.ts';
import { type ClientProduct, listeningOf } from './products.ts';
import { customVenue, listenpost, PRESETS, type Venue } from './venues.ts';

const PRODUCTS: readonly ClientProduct[] = ['usdm', 'coinm', 'options', 'pm', 'pmpro', 'risk', 'spot', 'margin'];
const everyUrl = (venue: Venue) =>
  Object.values(venue.urls).flatMap(({ rest, stream, wsApi }) =>
    [rest, stream, wsApi].filter((url) => url !== undefined),
  );

describe('presets', () => {
  test.each(Object.values(PRESETS).map((venue) => [venue.name, venue] as const))('%s', (name, venue) => {
    expect(PRESETS[name as keyof typeof PRESETS]).toBe(venue);
    expect(venue.resume).toBe(false);
    for (const [product, { rest, stream, wsApi }] of Object.entries(venue.urls)) {
      expect(rest).toMatch(/^https:\/\/[a-z.-]+$/);
      for (const url of [stream, wsApi]) expect(url ?? 'wss://none').toMatch(/^wss:\/\/[a-z.-]+(:9443)?$/);
      const grant = listeningOf(product as ClientProduct)?.grant;
      expect(grant === 'listenKey' ? stream : wsApi).toBeString();
    }
  });

  test('production has every product', () => {
    expect(Object.keys(PRESETS.production.urls).sort()).toEqual([...PRODUCTS].sort());
  });

  test('each product is read where the references say', () => {
    const { urls } = PRESETS.production;
    expect(urls.usdm).toMatchObject({ rest: 'https://fapi.binance.com', stream: 'wss://fstream.binance.com' });
    expect(urls.coinm).toMatchObject({ rest: 'https://dapi.binance.com', stream: 'wss://dstream.binance.com' });
    expect(urls.options).toMatchObject({ rest: 'https://eapi.binance.com', stream: 'wss://fstream.binance.com' });
    expect(urls.pm).toMatchObject({ rest: 'https://papi.binance.com', stream: 'wss://fstream.binance.com' });
    expect(urls.pmpro).toMatchObject({ rest: 'https://fapi.binance.com', stream: 'wss://fstream.binance.com' });
    expect(urls.risk).toMatchObject({ rest: 'https://api.binance.com', stream: 'wss://margin-stream.binance.com' });
    expect(urls.margin).toMatchObject({ rest: 'https://api.binance.com', wsApi: 'wss://ws-api.binance.com' });
    expect(urls.spot).toMatchObject({ rest: 'https://api.binance.com', wsApi: 'wss://ws-api.binance.com' });
  });

  test('test environments are where the references say', () => {
    const FUTURES_TESTNET = 'https://testnet.binancefuture.com';
    expect(PRESETS.testnet.urls).toMatchObject({
      usdm: { rest: FUTURES_TESTNET, stream: 'wss://fstream.binancefuture.com' },
      coinm: { rest: FUTURES_TESTNET, stream: 'wss://dstream.binancefuture.com' },
      options: { rest: FUTURES_TESTNET, stream: 'wss://fstream.binancefuture.com' },
      spot: { rest: 'https://testnet.binance.vision', wsApi: 'wss://ws-api.testnet.binance.vision' },
    });
    expect(PRESETS.demo.urls).toMatchObject({
      usdm: { rest: 'https://demo-fapi.binance.com', stream: 'wss://demo-fstream.binance.com' },
      coinm: { rest: 'https://demo-dapi.binance.com', stream: 'wss://demo-dstream.binance.com' },
      spot: { rest: 'https://demo-api.binance.com', wsApi: 'wss://demo-ws-api.binance.com' },
    });
  });

  test('no test environment reaches production', () => {
    const real = new Set(everyUrl(PRESETS.production));
    for (const venue of [PRESETS.testnet, PRESETS.demo]) {
      expect(everyUrl(venue).filter((url) => real.has(url))).toEqual([]);
    }
  });

  test('what test environments do not have is absent', () => {
    for (const venue of [PRESETS.testnet, PRESETS.demo]) {
      for (const product of ['margin', 'risk', 'pm', 'pmpro'] as const) expect(venue.urls[product]).toBeUndefined();
    }
  });
});

describe('listenpost', () => {
  test('has every product on one origin, and resumes', () => {
    const venue = listenpost('http://127.0.0.1:9010/');
    expect(venue).toMatchObject({ name: 'listenpost', resume: true });
    for (const product of PRODUCTS) {
      expect(venue.urls[product]).toEqual({
        rest: 'http://127.0.0.1:9010',
        stream: 'ws://127.0.0.1:9010',
        wsApi: 'ws://127.0.0.1:9010',
      });
    }
  });

  test('over TLS', () => {
    expect(listenpost('https://listenpost.example:9443').urls.spot?.wsApi).toBe('wss://listenpost.example:9443');
  });
});

describe('another venue', () => {
  test('does not resume unless it says so, and is called as its host', () => {
    expect(customVenue('https://venue.example/binance/')).toMatchObject({
      name: 'venue.example',
      resume: false,
      urls: { coinm: { rest: 'https://venue.example/binance', stream: 'wss://venue.example/binance' } },
    });
    expect(customVenue('https://venue.example', { resume: true, name: 'mine' })).toMatchObject({
      name: 'mine',
      resume: true,
    });
  });

  test('with an origin for each API has those it names, and no others', () => {
    const { urls } = customVenue({ rest: 'https://a.example', stream: 'wss://b.example/' });
    expect(urls.usdm).toEqual({ rest: 'https://a.example', stream: 'wss://b.example' });
  });

  test.each([
    ['', 'baseUrl: '],
    ['fapi.binance.com', 'baseUrl: '],
    ['wss://a.example', 'baseUrl: '],
    ['https://user:pass@a.example', 'without a query or a password'],
    ['https://a.example/?x=1', 'without a query or a password'],
    [{ rest: 'wss://a.example' }, 'baseUrl.rest: '],
    [{ rest: 'https://a.example', stream: 'https://b.example' }, 'baseUrl.stream: '],
    [{ rest: 'https://a.example', wsApi: 'b.example' }, 'baseUrl.wsApi: '],
  ])('%p is refused by name', (base, sentence) => {
    expect(() => customVenue(base)).toThrow(OptionsError);
    expect(() => customVenue(base)).toThrow(sentence);
  });
});
