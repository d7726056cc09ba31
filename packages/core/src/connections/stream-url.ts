import { STREAM_BASES, STREAM_NAME, type StreamBase } from '@listenpost/protocol';
import { parseResume, type ResumeFrom } from '../data/resume.ts';

/** A stream connection's URL, taken apart (derivatives §3.1). */
export interface StreamUrl {
  readonly base: StreamBase;
  /** `/ws` is raw, `/stream` is wrapped: the path decides, not the number of streams. */
  readonly combined: boolean;
  /** The names to subscribe to, in the order asked; a filtered key stands once for each of its events. */
  readonly names: readonly string[];
  /** From where these of the names are resumed. */
  readonly resumes: ReadonlyMap<string, ResumeFrom>;
  /** As it was spelled, where it was asked for. */
  readonly timeUnit: string | undefined;
}

type Refused = { readonly refused: string };

const NO_RESUMES: ReadonlyMap<string, ResumeFrom> = new Map();

interface StreamPath {
  readonly base: StreamBase;
  readonly combined: boolean;
}

const PATHS: ReadonlyMap<string, StreamPath> = new Map(
  STREAM_BASES.flatMap((base): [string, StreamPath][] => [
    [`${base.path}/ws`, { base, combined: false }],
    [`${base.path}/stream`, { base, combined: true }],
  ]),
);

/**
 * The parts of a stream URL, `null` when the path is no stream path at all, or a refusal when it is one but malformed: a
 * trailing slash, a bare name after `?`, a comma for a separator (change log 2023; derivatives §3.1).
 */
export function parseStreamUrl(path: string, query: string): StreamUrl | Refused | null {
  const bare = PATHS.get(path);
  if (bare !== undefined) return withQuery(bare.base, bare.combined, query);
  if (path.endsWith('/') && PATHS.has(path.slice(0, -1))) return { refused: 'a trailing slash' };
  const at = path.indexOf('/ws/');
  const row = at < 0 ? undefined : PATHS.get(path.slice(0, at + 3));
  if (row === undefined) return null;
  if (new QueryPairs(query).all('resume').length > 0) return { refused: RAW_RESUME };
  const names = namesOf(
    path
      .slice(at + 4)
      .split('/')
      .map(decoded),
  );
  if (names === null) return { refused: 'malformed stream name' };
  return { ...row, names, resumes: NO_RESUMES, timeUnit: new QueryPairs(query).all('timeUnit')[0] };
}

/** A raw frame is the event and nothing else: it has no place for a position. */
const RAW_RESUME = 'resume= needs the wrapped form, /stream?streams=<listenKey>&resume=latest';

function withQuery(base: StreamBase, combined: boolean, query: string): StreamUrl | Refused {
  if (query !== '' && !query.includes('=')) return { refused: 'a stream name after ? needs listenKey= or /ws/<name>' };
  const parameters = new QueryPairs(query);
  const names: string[] = [];
  if (combined) {
    for (const streams of parameters.all('streams')) {
      const listed = streams === '' ? [] : streams.split('/');
      if (!listed.every((name) => STREAM_NAME.test(name))) {
        return { refused: 'malformed streams=; names are separated by /' };
      }
      names.push(...listed);
    }
  }
  const resumes = resumesOf(parameters.all('resume'), combined, names);
  if ('refused' in resumes) return resumes;
  if (base.takesListenKeyParameter) {
    const events = parameters.all('events');
    for (const [nth, key] of parameters.all('listenKey').entries()) {
      if (key === '') continue;
      if (!STREAM_NAME.test(key)) return { refused: 'malformed listenKey=' };
      names.push(...filtered(key, events[nth]));
    }
  }
  return { base, combined, names: [...new Set(names)], resumes, timeUnit: parameters.all('timeUnit')[0] };
}

/** The n-th `resume` belongs to the n-th name of `streams=`. */
function resumesOf(
  texts: readonly string[],
  combined: boolean,
  names: readonly string[],
): ReadonlyMap<string, ResumeFrom> | Refused {
  if (texts.length === 0) return NO_RESUMES;
  if (!combined) return { refused: RAW_RESUME };
  if (texts.length > names.length)
    return { refused: 'more resume= than names in streams=; the n-th belongs to the n-th' };
  if (new Set(names).size < names.length)
    return { refused: 'a name that stands twice in streams=; with resume= once each' };
  const resumes = new Map<string, ResumeFrom>();
  for (const [nth, text] of texts.entries()) {
    const from = parseResume(text);
    if (from === undefined) return { refused: 'malformed resume=; it is latest or a position, <epoch>:<sequence>' };
    resumes.set(names[nth] as string, from);
  }
  return resumes;
}

/** `<key>` for everything, else `<key>@<EVENT>` for each event, sorted by name as LIST_SUBSCRIPTIONS gives them back. */
function filtered(key: string, events: string | undefined): string[] {
  const types = (events ?? '').split('/').filter((type) => type !== '');
  return types.length === 0 ? [key] : types.sort().map((type) => `${key}@${type}`);
}

/** Each name once, or null when one of them fits no stream syntax. */
function namesOf(names: readonly string[]): string[] | null {
  return names.every((name) => STREAM_NAME.test(name)) ? [...new Set(names)] : null;
}

/** Text that is not percent-encoded UTF-8 stays as it came: its `%` fits no stream name. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The little of a query string that is needed here, without leaning on a runtime's URL classes. */
export class QueryPairs {
  readonly #pairs: readonly (readonly [string, string])[];

  constructor(query: string) {
    this.#pairs = query.split('&').map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [decoded(pair), ''] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
    });
  }

  all(name: string): string[] {
    return this.#pairs.filter(([given]) => given === name).map(([, value]) => value);
  }
}
