/**
 * The one place that wires the SDK together: from options to what a stream runs on. What differs between products is in
 * their rows (`products.ts`, `venues.ts`), so that here are two ways of being granted and nothing else.
 */
import { type Fault, guardedDoors } from './doors/guarded.ts';
import type { Doors } from './doors.ts';
import { OptionsError, streamError } from './errors.ts';
import type { WireEvent } from './events.ts';
import type { OpenFeed } from './feed/feed.ts';
import { LINE_SETTINGS, type LineSettings } from './feed/line.ts';
import { ListenKeyFeed } from './feed/listen-key-feed.ts';
import { SessionFeed } from './feed/session-feed.ts';
import type { AccountState, CheckAccounts } from './keep/account-watch.ts';
import { asked } from './keep/asked.ts';
import { type Budget, budgetOf } from './keep/budget.ts';
import { listenKeysGiven, listenKeysOverRest, listenTokensGiven, listenTokensOverRest } from './keep/grant-source.ts';
import { type GrantLost, ListenKeyKeeper } from './keep/listen-key-keeper.ts';
import { ListenTokens } from './keep/listen-tokens.ts';
import { probe } from './keep/probe.ts';
import { bounded, type CheckAccount, scopesOf, type UserDataStreamOptions } from './options.ts';
import {
  type ClientProduct,
  type Listening,
  type ListenKeyListening,
  listeningOf,
  type SubscriptionListening,
} from './products.ts';
import { type SteadyClock, steadyClockOf } from './steady-clock.ts';
import { customVenue, PRESETS, type ProductUrls, type Venue } from './venues.ts';
import { accountCheck } from './wire/account-check.ts';
import { type Format, json } from './wire/event-frame.ts';
import { identityOf } from './wire/identity.ts';
import { type Credentials, Rest } from './wire/rest.ts';
import { ServerTime } from './wire/server-time.ts';
import type { Signer } from './wire/signer.ts';
import { hmacSigner, privateKeySigner } from './wire/signing.ts';

/** What a stream runs on. */
export interface Wiring {
  readonly doors: Doors;
  /** Theirs, with the way from its instants to those that users are told. */
  readonly time: SteadyClock;
  readonly budget: Budget;
  readonly openFeed: OpenFeed;
  /** Whether the venue numbers its events and takes `resume`. */
  readonly resume: boolean;
  readonly line: LineSettings;
  readonly check: CheckAccounts | undefined;
  readonly cursorKey: string;
  identityOf(scope: string, event: WireEvent): string;
  /** The grant that all connections read by is gone. */
  onGrantLost(handler: GrantLost): void;
  /** Something threw where nobody could catch it. */
  onFault(handler: Fault): void;
  /** Stops what keeps grants alive. */
  close(): void;
}

/** What both ways of being granted are made from. */
interface Parts {
  readonly options: UserDataStreamOptions;
  readonly doors: Doors;
  readonly fault: Fault;
  readonly venue: Venue;
  readonly urls: ProductUrls;
  readonly format: Format;
  readonly line: LineSettings;
  /** Of the host that REST is on. */
  readonly budget: Budget;
  /** Of the host that connections go to. */
  readonly connecting: Budget;
  readonly credentials: Credentials;
  readonly serverTime: ServerTime;
  readonly rest: Rest;
  readonly scopes: readonly string[];
  /** Aborted when the stream is closed. */
  readonly closing: AbortController;
}

/** What is particular to a way of being granted. */
type Granted = Pick<Wiring, 'openFeed' | 'onGrantLost' | 'close'>;

/**
 * `signer` is the one of the options unless given: a simulation signs at once, and not when a thread of the machine is done.
 *
 * @throws OptionsError where an option makes no sense, naming it.
 */
export function wire(options: UserDataStreamOptions, doors: Doors, signer = signerOf(options)): Wiring {
  const listening = listeningOf(options.product);
  if (listening === undefined) throw new OptionsError(`product: there is none called "${String(options.product)}"`);
  const time = steadyClockOf(doors.clock);
  let faulted: Fault = () => undefined;
  const fault: Fault = (cause) => faulted(cause);
  // Called on `doors` itself, which may be of a class.
  const timed: Doors = {
    clock: time,
    random: doors.random,
    http: (request, signal) => doors.http(request, signal),
    connect: (url, handlers) => doors.connect(url, handlers),
  };
  const parts = partsOf(options, timed, fault, listening, signer);
  const granted = listening.grant === 'listenKey' ? byListenKey(parts, listening) : bySession(parts, listening);
  const { venue, line, closing } = parts;
  return {
    ...granted,
    doors: parts.doors,
    time,
    budget: parts.connecting,
    resume: venue.resume && parts.format.name === 'json',
    line,
    check: checkOf(parts, granted.openFeed),
    cursorKey: options.cursorKey ?? `${options.product}@${venue.name}`,
    identityOf,
    onFault: (handler) => {
      faulted = handler;
    },
    close: () => {
      granted.close();
      closing.abort();
    },
  };
}

/** A venue that gives hosts for one product gives them for the time too. */
function timeUrlOf(venue: Venue, urls: ProductUrls, { time }: Listening): string | undefined {
  if (time === undefined) return undefined;
  const { rest } = venue.urls[time.product as ClientProduct] ?? urls;
  return `${rest}${time.path}`;
}

function partsOf(
  options: UserDataStreamOptions,
  unguarded: Doors,
  fault: Fault,
  listening: Listening,
  signer: Signer | undefined,
): Parts {
  const { product, format = json() } = options;
  const apiKey = apiKeyOf(options, listening);
  const venue = venueOf(options);
  const urls = venue.urls[product];
  if (urls === undefined)
    throw new OptionsError(`venue: ${venue.name} has no ${product}; choose another venue or give baseUrl`);
  // By the clock that all streams share, not by the guard of this one.
  const budget = budgetOf(unguarded, urls.rest);
  const socket = listening.grant === 'listenKey' ? urls.stream : urls.wsApi;
  const doors = guardedDoors(unguarded, fault);
  const serverTime = new ServerTime(doors.clock);
  const credentials = { apiKey, signer };
  const closing = new AbortController();
  return {
    options,
    doors,
    fault,
    venue,
    urls,
    format,
    line: { ...LINE_SETTINGS, ...options.line },
    budget,
    connecting: socket === undefined ? budget : budgetOf(unguarded, socket),
    credentials,
    serverTime,
    rest: new Rest({
      doors,
      origin: urls.rest,
      credentials,
      budget,
      serverTime,
      timeUrl: timeUrlOf(venue, urls, listening),
      signal: closing.signal,
    }),
    scopes: scopesOf(options),
    closing,
  };
}

function byListenKey(
  { options, doors, fault, urls, format, line, budget, connecting, rest, scopes, closing }: Parts,
  listening: ListenKeyListening,
): Granted {
  if (format.name !== 'json') throw new OptionsError(`format: ${options.product} streams speak JSON alone`);
  if (urls.stream === undefined)
    throw new OptionsError('baseUrl: this product needs `stream`, the origin of its stream connections');
  let lost: GrantLost = () => undefined;
  const { listenKey } = options;
  const keys =
    listenKey === undefined
      ? listenKeysOverRest(rest, listening)
      : listenKeysGiven({ clock: doors.clock, closing: closing.signal }, listenKey);
  const { validityMs } = listening;
  const keeper = new ListenKeyKeeper({ doors, fault, keys, validityMs, budget, onLost: (...why) => lost(...why) });
  const url = `${urls.stream}${listening.streamBase}/stream`;
  const [scope] = scopes as readonly [string];
  return {
    openFeed: (handlers, resumeOf) =>
      new ListenKeyFeed({ doors, fault, budget: connecting, format, line, keeper, url, scope }, handlers, resumeOf),
    onGrantLost: (handler) => {
      lost = handler;
    },
    close: () => keeper.close(),
  };
}

function bySession(parts: Parts, { grant, wsApiPath, tokenPath }: SubscriptionListening): Granted {
  const { options, doors, fault, urls, format, line, connecting, credentials, serverTime } = parts;
  if (urls.wsApi === undefined)
    throw new OptionsError('baseUrl: this product needs `wsApi`, the origin of its WebSocket API');
  if (grant === 'signature' && credentials.signer === undefined) {
    throw new OptionsError(`secret or privateKey: ${options.product} is read by signed requests`);
  }
  const tokens = tokenPath === undefined ? undefined : listenTokensOf(parts, tokenPath);
  const url = `${urls.wsApi}${wsApiPath}`;
  const feed = { doors, fault, budget: connecting, format, line, credentials, serverTime, url, tokens };
  return {
    openFeed: (handlers, resumeOf, reads) => new SessionFeed(feed, handlers, resumeOf, reads),
    onGrantLost: () => undefined,
    close: () => undefined,
  };
}

function listenTokensOf({ options, doors, rest, credentials, closing }: Parts, path: string): ListenTokens {
  const { listenToken } = options;
  const tokens =
    listenToken === undefined
      ? listenTokensOverRest(rest, path, credentials.signer !== undefined)
      : listenTokensGiven({ clock: doors.clock, closing: closing.signal }, listenToken);
  return new ListenTokens({ clock: doors.clock, tokens, validityMs: bounded(options, 'tokenValidityMs') });
}

/** Where positions are told they prove most; elsewhere the product's own call, which must be signed. */
function checkOf(
  { options, venue, rest, doors, credentials, connecting, closing }: Parts,
  openFeed: OpenFeed,
): CheckAccounts | undefined {
  const { check, product } = options;
  if (check === false) return undefined;
  if (check !== undefined) {
    const asking = { clock: doors.clock, closing: closing.signal };
    return each((scope) => asked(asking, 'check', () => check(scope)));
  }
  if (venue.resume) return probe({ clock: doors.clock, budget: connecting, openFeed, signal: closing.signal });
  const own = credentials.signer === undefined ? undefined : accountCheck(product, rest);
  return own === undefined ? undefined : whereItCan(each(own));
}

/**
 * A venue that copies the protocol may not have the call, and a key may not be allowed it: then the account is not asked, which is
 * no doubt about the stream.
 */
function whereItCan(check: CheckAccounts): CheckAccounts {
  let can = true;
  return async (scopes) => {
    if (!can) return new Map();
    return check(scopes).catch((cause: unknown) => {
      if (streamError(cause).shouldRetry()) throw cause;
      can = false;
      return new Map();
    });
  };
}

/** One scope after the other. */
const each =
  (check: CheckAccount): CheckAccounts =>
  async (scopes) => {
    const states = new Map<string, AccountState>();
    for (const scope of scopes) states.set(scope, await check(scope));
    return states;
  };

function venueOf({ venue = 'production', baseUrl }: UserDataStreamOptions): Venue {
  if (baseUrl !== undefined) return customVenue(baseUrl);
  return typeof venue === 'string' ? PRESETS[venue] : venue;
}

/** Empty where grants are given and nothing is signed: then nothing is asked for that would name it. */
function apiKeyOf(options: UserDataStreamOptions, { grant }: Listening): string {
  const { product, apiKey, secret, privateKey, listenKey, listenToken } = options;
  for (const [name, option] of Object.entries({ listenKey, listenToken })) {
    if (option === undefined || name === grant) continue;
    throw new OptionsError(`${name}: ${product} is read by ${grant}, not by ${name}; leave it out`);
  }
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey;
  const given = listenKey ?? listenToken;
  if (apiKey === undefined && given !== undefined && secret === undefined && privateKey === undefined) return '';
  throw new OptionsError('apiKey: expected the API key as the venue shows it');
}

function signerOf({ secret, privateKey, passphrase }: UserDataStreamOptions): Signer | undefined {
  if (secret !== undefined && privateKey !== undefined) {
    throw new OptionsError('secret, privateKey: an API key has one of the two; leave the other out');
  }
  if (privateKey !== undefined) return privateKeySigner(privateKey, passphrase);
  return secret === undefined ? undefined : hmacSigner(secret);
}
