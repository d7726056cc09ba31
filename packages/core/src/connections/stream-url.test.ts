import { describe, expect, test } from 'bun:test';
import { STREAM_BASES } from '@listenpost/protocol';
import fc from 'fast-check';
import { parseStreamUrl } from './stream-url.ts';

const KEY = 'T7mQ2xVb9LsE4kRw1HnZc8PyDf6GjUa3NoXi5BtKvMeCqWrSlYhOpJgFdAuTz0I2';
const OTHER = 'a'.repeat(64);

/** The names of a URL, or why it is refused, or null. */
function names(url: string): readonly string[] | string | null {
  const parsed = parse(url);
  if (parsed === null) return null;
  return 'refused' in parsed ? parsed.refused : parsed.names;
}

function parse(url: string) {
  const at = url.indexOf('?');
  return at < 0 ? parseStreamUrl(url, '') : parseStreamUrl(url.slice(0, at), url.slice(at + 1));
}

describe('the path', () => {
  test.each(STREAM_BASES.map(({ path }) => path))('under %p decides between raw and wrapped', (base) => {
    expect(parse(`${base}/ws`)).toMatchObject({ base: { path: base }, combined: false, names: [] });
    expect(parse(`${base}/ws/${KEY}`)).toMatchObject({ base: { path: base }, combined: false, names: [KEY] });
    expect(parse(`${base}/stream`)).toMatchObject({ base: { path: base }, combined: true, names: [] });
    expect(parse(`${base}/stream?streams=${KEY}`)).toMatchObject({ combined: true, names: [KEY] });
  });

  test.each([
    '/',
    '',
    '/wss',
    '/foo/ws',
    '/foo/ws/x',
    '/private',
    '/private/foo/ws',
    '/fapi/v1/listenKey',
    '/stream/x',
  ])('%p is no stream path', (path) => {
    expect(names(path)).toBeNull();
  });

  test.each(['/ws/', '/stream/', '/private/ws/', '/private/stream/', '/pm/ws/', '/stream/?streams=x'])(
    '%p ends in a slash and is refused',
    (url) => {
      expect(names(url)).toBe('a trailing slash');
    },
  );

  test.each([`/ws/${KEY}/`, '/ws//', '/ws/a,b', '/ws/a b', '/ws/%2F', '/ws/a%2Fb', '/ws/%', '/ws/%zz', '/ws/%00'])(
    '%p holds a malformed name',
    (url) => {
      expect(names(url)).toBe('malformed stream name');
    },
  );

  test('may hold several names, each counted once', () => {
    expect(names(`/ws/${KEY}/${OTHER}@ACCOUNT_UPDATE/${KEY}`)).toEqual([KEY, `${OTHER}@ACCOUNT_UPDATE`]);
  });

  test('may be percent-encoded', () => {
    expect(names(`/ws/${KEY}%40ACCOUNT_UPDATE`)).toEqual([`${KEY}@ACCOUNT_UPDATE`]);
    expect(names('/ws/%E5%B8%81%E5%AE%89usdt%40trade')).toEqual(['币安usdt@trade']);
  });
});

describe('streams=', () => {
  test('may be empty or absent: connectors open that and then subscribe', () => {
    expect(names('/stream?streams=')).toEqual([]);
    expect(names('/private/stream?streams=')).toEqual([]);
    expect(names('/stream?timeUnit=MILLISECOND')).toEqual([]);
  });

  test('holds names separated by slashes, in the order asked', () => {
    expect(names(`/stream?streams=${OTHER}/${KEY}@A/btcusdt@aggTrade/!ticker@arr`)).toEqual([
      OTHER,
      `${KEY}@A`,
      'btcusdt@aggTrade',
      '!ticker@arr',
    ]);
  });

  test('is percent-decoded once, not twice', () => {
    expect(names(`/stream?streams=${KEY}%2F${OTHER}%40A`)).toEqual([KEY, `${OTHER}@A`]);
    expect(names('/stream?streams=%2541')).toBe('malformed streams=; names are separated by /');
  });

  test.each(['a,b', 'a%2Cb', 'a/', '/a', 'a//b', '%', '%zz', '%80', 'a b', 'a%20b', 'a?b', 'x'.repeat(129)])(
    '%p is malformed',
    (streams) => {
      expect(names(`/stream?streams=${streams}`)).toBe('malformed streams=; names are separated by /');
    },
  );

  test('is read on /stream only', () => {
    expect(names(`/ws?streams=${KEY}`)).toEqual([]);
  });
});

describe('listenKey= and events=', () => {
  test('a key without events reads everything', () => {
    expect(names(`/private/ws?listenKey=${KEY}`)).toEqual([KEY]);
    expect(names(`/private/stream?listenKey=${KEY}&events=`)).toEqual([KEY]);
  });

  test('a key with events stands once for each, sorted by name', () => {
    expect(names(`/private/ws?listenKey=${KEY}&events=listenKeyExpired/ORDER_TRADE_UPDATE/ACCOUNT_UPDATE`)).toEqual([
      `${KEY}@ACCOUNT_UPDATE`,
      `${KEY}@ORDER_TRADE_UPDATE`,
      `${KEY}@listenKeyExpired`,
    ]);
  });

  test('the n-th events belongs to the n-th listenKey, wherever they stand', () => {
    expect(names(`/private/stream?listenKey=${KEY}&events=A&listenKey=${OTHER}&events=B`)).toEqual([
      `${KEY}@A`,
      `${OTHER}@B`,
    ]);
    expect(names(`/private/stream?events=A&events=B&listenKey=${KEY}&listenKey=${OTHER}`)).toEqual([
      `${KEY}@A`,
      `${OTHER}@B`,
    ]);
    expect(names(`/private/stream?listenKey=${KEY}&events=&listenKey=${OTHER}&events=B`)).toEqual([KEY, `${OTHER}@B`]);
  });

  test('a key without its own events reads everything', () => {
    expect(names(`/private/stream?listenKey=${KEY}&events=A&listenKey=${OTHER}`)).toEqual([`${KEY}@A`, OTHER]);
  });

  test('unknown event names are kept and inert', () => {
    expect(names(`/private/ws?listenKey=${KEY}&events=NO_SUCH,EVENT/%zz`)).toEqual([
      `${KEY}@%zz`,
      `${KEY}@NO_SUCH,EVENT`,
    ]);
  });

  test('an empty key is left out, a malformed one refused', () => {
    expect(names('/private/ws?listenKey=')).toEqual([]);
    expect(names(`/private/stream?listenKey=&events=A&listenKey=${KEY}&events=B`)).toEqual([`${KEY}@B`]);
    expect(names('/private/ws?listenKey=a,b')).toBe('malformed listenKey=');
    expect(names('/private/ws?listenKey=%')).toBe('malformed listenKey=');
  });

  test('stand beside streams= on /stream', () => {
    expect(names(`/private/stream?streams=${OTHER}&listenKey=${KEY}&events=A`)).toEqual([OTHER, `${KEY}@A`]);
  });

  test.each(STREAM_BASES.filter((base) => !base.takesListenKeyParameter).map(({ path }) => path))(
    'mean nothing under %p',
    (base) => {
      expect(names(`${base}/ws?listenKey=${KEY}&events=A`)).toEqual([]);
    },
  );
});

describe('the query', () => {
  test.each([`/ws?${KEY}`, '/ws?btcusdt@trade', '/private/ws?x', '/stream?streams'])(
    '%p: a bare name is refused',
    (url) => {
      expect(names(url)).toStartWith('a stream name after ?');
    },
  );

  test('beside a name in the path is not looked at', () => {
    expect(names(`/ws/${KEY}?timeUnit=MICROSECOND`)).toEqual([KEY]);
    expect(names(`/ws/${KEY}?listenKey=${OTHER}`)).toEqual([KEY]);
  });
});

test('any path and query is taken apart, refused or none of ours', () => {
  const paths = fc.constantFrom('/ws', '/ws/', '/stream', '/private/ws', '/private/stream', '/pm/stream');
  const queries = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }).map((text) => `streams=${text}`),
    fc.webQueryParameters(),
    fc
      .array(fc.tuple(fc.constantFrom('listenKey', 'events', 'streams', ''), fc.string()))
      .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')),
  );
  fc.assert(
    fc.property(paths, fc.string({ unit: 'binary' }), queries, (path, tail, query) => {
      for (const parsed of [parseStreamUrl(path, query), parseStreamUrl(path + tail, query)]) {
        if (parsed === null) continue;
        if ('refused' in parsed) expect(parsed.refused).not.toBe('');
        else expect(new Set(parsed.names).size).toBe(parsed.names.length);
      }
    }),
    { seed: 20260701, numRuns: 1_000 },
  );
});
