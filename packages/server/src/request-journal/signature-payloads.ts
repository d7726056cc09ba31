/** The text that a signature is made over, and those that are often signed instead (spot-margin §2.2). The right one is first. */
import type { Payload, SignedCall, SignedRest, Slip } from './explain-signature.ts';

const slip = (name: string, says: string): Slip => ({ slip: name, says });

type Pair = readonly [name: string, value: string];

const pairsOf = (text: string): Pair[] =>
  text === ''
    ? []
    : text.split('&').map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
      });

const textOf = (pairs: readonly Pair[]): string => pairs.map(([name, value]) => `${name}=${value}`).join('&');
const isSigned = ([name]: Pair): boolean => name !== 'signature';
const byName = ([left]: Pair, [right]: Pair): number => (left < right ? -1 : 1);

/** Orders of more parameters than this are not tried: 120 texts. */
const ORDERED_MAX = 5;

const RECV_WINDOWS = ['5000', '10000', '60000'];

/** As sent, the query followed by the body, without `signature`. */
export function payloadsOfRest({ method, path, query, body, apiKey }: SignedRest): readonly Payload[] {
  const inQuery = pairsOf(query).filter(isSigned);
  const inBody = body.startsWith('{') ? [] : pairsOf(body).filter(isSigned);
  const [q, b] = [textOf(inQuery), textOf(inBody)];
  const all = [...inQuery, ...inBody];
  const payloads: Payload[] = [{ text: ascii(q + b) }];
  const add = (text: string, name: string, says: string) => payloads.push({ text, slip: slip(name, says) });
  if (ascii(q + b) !== q + b) {
    add(q + b, 'percent-encoding', 'what is no ASCII must be percent-encoded before it is signed and sent');
  }
  if (q !== '' && b !== '') {
    add(
      b + q,
      'body-before-query',
      'the body was put before the query; sign the query, then the body, with nothing between',
    );
    add(
      `${q}&${b}`,
      'joined-by-ampersand',
      'query and body were joined by &; sign the query, then the body, with nothing between',
    );
    add(
      `${b}&${q}`,
      'body-before-query',
      'the body was put before the query; sign the query, then the body, with nothing between',
    );
    add(q, 'body-not-signed', 'the query alone was signed; the body belongs to the text too');
    add(b, 'query-not-signed', 'the body alone was signed; the query belongs to the text too');
  }
  const before = pairsOf(query);
  const at = before.findIndex(([name]) => name === 'signature');
  if (at >= 0 && at < before.length - 1) {
    add(
      textOf(before.slice(0, at)),
      'params-after-signature',
      'parameters stand behind the signature and were not signed; put it last',
    );
  }
  addDecoded(payloads, all);
  addSubsets(payloads, all, textOf);
  add(
    textOf([...all].sort(byName)),
    'other-order',
    'the parameters were signed sorted by name, and sent in another order',
  );
  for (const text of orders(all))
    add(text, 'other-order', 'the parameters were signed in another order than they were sent in');
  for (const extra of withApiKey(all, apiKey))
    add(extra, 'api-key-signed', 'the API key was signed too; over REST it goes in X-MBX-APIKEY alone');
  for (const text of [`?${q}`, `${path}?${q}`, `${method}${path}?${q}`, `${method}${path}${q}`, `${path}${q}`]) {
    add(text, 'path-signed', 'the path was signed too; sign the parameters alone');
  }
  return payloads;
}

/** What may be signed (spot-margin §2.2). */
const ascii = (text: string): string => text.toWellFormed().replace(/[^\x20-\x7e]+/g, encodeURIComponent);

/** Every member of `params` but `signature`, sorted by name; values as they are. */
export function payloadsOfCall({ id, method, params }: SignedCall): readonly Payload[] {
  const sent = [...params.entries()].filter(isSigned);
  const sorted = [...sent].sort(byName);
  const payloads: Payload[] = [{ text: textOf(sorted) }];
  const add = (text: string, name: string, says: string) => payloads.push({ text, slip: slip(name, says) });
  add(
    textOf(sent),
    'unsorted',
    'the parameters were signed in the order in which they were sent; sort them by name first',
  );
  addSubsets(payloads, sorted, textOf);
  const encoded = (encode: (value: string) => string): Pair[] => sorted.map(([name, value]) => [name, encode(value)]);
  for (const encode of [encodeURI, formEncoded, (value: string) => encodeURIComponent(value).toLowerCase()]) {
    add(
      textOf(encoded(encode)),
      'percent-encoding',
      'values were percent-encoded in another way; sign them as they stand in the JSON',
    );
  }
  add(
    textOf(encoded((value) => JSON.stringify(value))),
    'values-quoted',
    'values were signed with their JSON quotes; sign name=value',
  );
  for (const text of orders(sorted))
    add(text, 'unsorted', 'the parameters were signed in another order; sort them by name');
  const json = Object.fromEntries(sent);
  for (const text of [JSON.stringify(json), JSON.stringify({ id, method, params: json })]) {
    add(text, 'json-signed', 'the JSON was signed; sign name=value of each parameter, sorted by name and joined by &');
  }
  return payloads;
}

/** Where values were signed before they were percent-encoded, or encoded in another way than they were sent. */
function addDecoded(payloads: Payload[], pairs: readonly Pair[]): void {
  const plain = pairs.map(([name, value]): Pair => [name, decoded(value)]);
  const says =
    'values were signed in another spelling than they were sent in; percent-encode first, then sign what is sent';
  for (const spelled of [plain, recoded(plain, encodeURIComponent), recoded(plain, formEncoded)]) {
    payloads.push({ text: textOf(spelled), slip: slip('percent-encoding', says) });
  }
}

const recoded = (pairs: readonly Pair[], encode: (value: string) => string): Pair[] =>
  pairs.map(([name, value]) => [name, encode(value.toWellFormed())]);

/** As HTML forms are: a space is `+`. */
const formEncoded = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1);

/** Parameters that were sent and not signed, or signed with another value, or not sent. */
function addSubsets(payloads: Payload[], pairs: readonly Pair[], join: (pairs: readonly Pair[]) => string): void {
  for (const left of pairs) {
    const without = pairs.filter((pair) => pair !== left);
    payloads.push({
      text: join(without),
      slip: slip('missing-param', `${left[0]} was sent and not signed; sign every parameter but signature`),
    });
    for (const other of without) {
      payloads.push({
        text: join(without.filter((pair) => pair !== other)),
        slip: slip(
          'missing-param',
          `${left[0]} and ${other[0]} were sent and not signed; sign every parameter but signature`,
        ),
      });
    }
  }
  const at = pairs.findIndex(([name]) => name === 'recvWindow');
  for (const value of RECV_WINDOWS) {
    const signed: Pair = ['recvWindow', value];
    const placed = at < 0 ? places(pairs, signed) : [pairs.map((pair, index) => (index === at ? signed : pair))];
    const says =
      at < 0
        ? `recvWindow=${value} was signed and not sent; send what was signed`
        : `recvWindow=${value} was signed, and recvWindow=${pairs[at]?.[1]} was sent; sign what is sent`;
    for (const each of placed) payloads.push({ text: join(each), slip: slip('recv-window', says) });
  }
}

const places = (pairs: readonly Pair[], extra: Pair): Pair[][] =>
  Array.from({ length: pairs.length + 1 }, (_, at) => [...pairs.slice(0, at), extra, ...pairs.slice(at)]);

const withApiKey = (pairs: readonly Pair[], apiKey: string): string[] =>
  [...places(pairs, ['apiKey', apiKey])].map((each) => textOf(each));

function* orders(pairs: readonly Pair[]): Generator<string> {
  if (pairs.length > ORDERED_MAX) return;
  for (const order of permutations(pairs)) yield textOf(order);
}

function* permutations<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length < 2) {
    yield items;
    return;
  }
  for (const [at, item] of items.entries()) {
    const others = [...items.slice(0, at), ...items.slice(at + 1)];
    for (const rest of permutations(others)) yield [item, ...rest];
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}
