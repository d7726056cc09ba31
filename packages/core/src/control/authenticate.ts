import type { Product, Security } from '@listenpost/protocol';
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
): ApiKey | undefined {
  if (security === 'NONE') return undefined;
  const claimed = caller.apiKey ?? caller.session?.apiKey;
  if (claimed === undefined) throw new WireError(caller.missingKeyError);
  const proof = needsSignature(security, caller.apiKey, params) ? proofOf(params) : undefined;
  const apiKey = typeof claimed === 'string' ? knownApiKey(house, claimed) : claimed;
  assertAllowed(house, apiKey, product, caller.ip);
  if (proof !== undefined) assertProven(house, apiKey, proof, caller.signedPayloads(params));
  return apiKey;
}

/** The -2015 of a key that may not do this: unknown or revoked, wrong address, lacking permission or scope. */
export function assertAllowed(house: House, apiKey: ApiKey, product: Product, ip: string): void {
  const permitted = apiKey.allows(ip) && apiKey.permits(product.permission);
  const inScope = apiKey.account.has(product.id, product, house.knownSymbols);
  if (!permitted || !inScope) throw new WireError('REJECTED_MBX_KEY');
}

function knownApiKey(house: House, text: string): ApiKey {
  const apiKey = house.accounts.apiKey(text);
  if (apiKey !== undefined) return apiKey;
  throw new WireError(API_KEY_FORMAT.test(text) ? 'REJECTED_MBX_KEY' : 'BAD_API_KEY_FMT');
}

/**
 * Clients send half of a signature on calls that need none (clients reference, row 3): it is checked where the method asks
 * for one, or where it came whole.
 */
function needsSignature(security: Security, own: string | undefined, params: Params): boolean {
  if (security === 'SIGNED') return true;
  return own !== undefined && params.text('signature') !== undefined && params.text('timestamp') !== undefined;
}

interface Proof {
  readonly time: SignedTime;
  readonly signature: string;
}

function proofOf(params: Params): Proof {
  const time = signedTime(params.text('timestamp'), params.text('recvWindow'));
  const signature = params.text('signature');
  if (signature === undefined) throw new WireError('MANDATORY_PARAM', ['signature']);
  return { time, signature };
}

function assertProven(house: House, apiKey: ApiKey, { time, signature }: Proof, payloads: readonly string[]): void {
  assertTimely(house.signingClocks(), time);
  if (!payloads.some((payload) => apiKey.verify(payload, signature))) throw new WireError('INVALID_SIGNATURE');
}
