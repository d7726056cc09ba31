import type { Product, Security, TakenParameters } from '@listenpost/protocol';
import type { House } from '../house.ts';
import type { ApiKey } from '../registry/accounts.ts';
import type { Caller } from './call.ts';
import type { Params } from './params.ts';
import { assertTimely, type SignedTime, signedTime } from './timestamp.ts';
import { WireError } from './wire-error.ts';

/** API keys are 64 letters and digits in every source (spot-margin §2.1): anything else unknown is malformed, not unknown. */
const API_KEY_FORMAT = /^[A-Za-z0-9]{64}$/;

/**
 * Who calls, in the order of spot-margin §3.10: parameters there and well-formed, key format, key known, address and
 * permission, timestamp, signature. Undefined where nobody needs to be known. Throws the row of what is wrong.
 */
export function authenticate(
  house: House,
  security: Security,
  product: Product,
  caller: Caller,
  params: Params,
  takes?: TakenParameters,
): ApiKey | undefined {
  if (params.repeated) throw new WireError('DUPLICATE_PARAMETERS');
  const claimed = security === 'SESSION' ? undefined : (caller.apiKey ?? caller.session?.apiKey);
  const keyless = security === 'NONE' || security === 'SESSION';
  if (claimed === undefined && !keyless) throw new WireError(caller.missingKeyError, ['apiKey']);
  const proof = proofFor(security, caller.apiKey, params);
  if (takes !== undefined) assertTaken(takes, params);
  if (security === 'NONE') return undefined;
  const apiKey = typeof claimed === 'string' ? knownApiKey(house, claimed) : (claimed ?? keyOfLogon(caller));
  if (!isAllowed(house, apiKey, product, caller.ip)) throw new WireError('REJECTED_MBX_KEY');
  if (proof !== undefined) assertProven(house, apiKey, product, proof, caller.signedPayloads(params));
  return apiKey;
}

/** Whether a key may do this: from this address, with this permission, in this scope. Else it is -2015. */
export function isAllowed(house: House, apiKey: ApiKey, product: Product, ip: string): boolean {
  const permitted = apiKey.allows(ip) && apiKey.permits(product.permission);
  // Where one symbol's account may be meant, the call tells which one the caller must have.
  const bySymbol = product.isolatedAs !== undefined || product.symbolsOf !== undefined;
  const inScope = bySymbol || apiKey.account.has(product.id, product, house.knownSymbols);
  return permitted && inScope;
}

/** A method of the session has no other key than that of the logon, and exists on sessions only. */
function keyOfLogon({ session }: Caller): ApiKey {
  if (session === undefined) throw new WireError('UNSUPPORTED_OPERATION');
  return session.keyOfLogon();
}

function knownApiKey(house: House, text: string): ApiKey {
  const apiKey = house.accounts.apiKey(text);
  if (apiKey !== undefined) return apiKey;
  throw new WireError(API_KEY_FORMAT.test(text) ? 'REJECTED_MBX_KEY' : 'BAD_API_KEY_FMT');
}

/** `returnRateLimits` goes with every request and counts as none (spot-margin §1.5). */
function assertTaken(takes: TakenParameters, params: Params): void {
  for (const [name, need] of Object.entries(takes)) {
    if (need === 'mandatory') params.mandatory(name);
  }
  const sent = [...params.names()].filter((name) => name !== 'returnRateLimits');
  const read = sent.filter((name) => Object.hasOwn(takes, name));
  if (read.length < sent.length) throw new WireError('UNREAD_PARAMETERS', [read.length, sent.length]);
}

interface Proof {
  readonly time: SignedTime;
  /** Undefined where the session's logon has proved the key already. */
  readonly signature: string | undefined;
}

/**
 * What must be proved, read from the parameters; undefined where nothing must. Clients send half of a signature on calls
 * that need none (clients reference, row 3): there it is checked when it came whole.
 */
function proofFor(security: Security, own: string | undefined, params: Params): Proof | undefined {
  if (security === 'NONE' || security === 'SESSION') return undefined;
  const signature = params.text('signature');
  if (security === 'USER_STREAM') {
    const whole = own !== undefined && signature !== undefined && params.text('timestamp') !== undefined;
    return whole ? { time: timeOf(params), signature } : undefined;
  }
  const time = timeOf(params);
  const onSession = security === 'USER_DATA' && own === undefined;
  return { time, signature: onSession ? signature : params.mandatory('signature') };
}

const timeOf = (params: Params): SignedTime => signedTime(params.mandatory('timestamp'), params.text('recvWindow'));

function assertProven(
  house: House,
  apiKey: ApiKey,
  product: Product,
  { time, signature }: Proof,
  payloads: readonly string[],
): void {
  assertTimely(house.signingClocks(apiKey, product), time);
  if (signature === undefined) return;
  if (!payloads.some((payload) => apiKey.verify(payload, signature))) throw new WireError('INVALID_SIGNATURE');
}
