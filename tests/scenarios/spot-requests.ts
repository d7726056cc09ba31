/** Requests of the Spot WebSocket API and of listenTokens, as clients of the demo accounts make them. */
import {
  DEMO_ED25519_API_KEY,
  DEMO_ED25519_PRIVATE_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_API_KEY,
  DEMO2_HMAC_SECRET,
} from '../../packages/server/src/config/demo.ts';
import { ed25519, hmac, signedParams } from './signing.ts';
import type { RestAnswer, UnderTest } from './under-test.ts';

export const SPOT_API = '/ws-api/v3';
export const TOKEN_PATH = '/sapi/v1/userListenToken';

let lastId = 0;

/** A request with an id of its own. */
export const call = (method: string, params?: object) => ({
  id: ++lastId,
  method,
  ...(params === undefined ? {} : { params }),
});

/** The demo account's Ed25519 key. */
export const logon = () =>
  call(
    'session.logon',
    signedParams({ apiKey: DEMO_ED25519_API_KEY, timestamp: Date.now() }, ed25519(DEMO_ED25519_PRIVATE_KEY)),
  );

const SIGNERS = {
  demo: { apiKey: DEMO_HMAC_API_KEY, sign: hmac(DEMO_HMAC_SECRET) },
  demo2: { apiKey: DEMO2_HMAC_API_KEY, sign: hmac(DEMO2_HMAC_SECRET) },
};

/** `userDataStream.subscribe.signature` by the account's HMAC key. */
export function subscribeSigned(
  account: keyof typeof SIGNERS = 'demo',
  more: Readonly<Record<string, string | number>> = {},
) {
  const { apiKey, sign } = SIGNERS[account];
  return call('userDataStream.subscribe.signature', signedParams({ apiKey, timestamp: Date.now(), ...more }, sign));
}

export const subscribeToken = (listenToken: unknown) => call('userDataStream.subscribe.listenToken', { listenToken });

export interface IssuedToken {
  readonly token: string;
  readonly expirationTime: number;
}

/** Asks for a listenToken with an unsigned form body. */
export function askToken(
  service: UnderTest,
  form: Readonly<Record<string, string>> = {},
  apiKey?: string | null,
): Promise<RestAnswer> {
  return service.rest('POST', TOKEN_PATH, apiKey, { body: new URLSearchParams(form) });
}

export async function tokenOf(
  service: UnderTest,
  form: Readonly<Record<string, string>> = {},
  apiKey?: string,
): Promise<IssuedToken> {
  const { status, body } = await askToken(service, form, apiKey);
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body as IssuedToken;
}
