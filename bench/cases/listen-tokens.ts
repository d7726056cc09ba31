import { Accounts, ListenTokens, Redacted, VirtualClock } from '@listenpost/core';
import { nodeCrypto } from '../../packages/server/src/crypto.ts';
import { createSecretBox } from '../../packages/server/src/secrets.ts';
import { type Case, type Context, medians, type Row, rowsOf } from '../case.ts';
import { accountId } from '../load/event.ts';
import { nsPerCall } from '../load/stopwatch.ts';
import { apiKeyOf, SECRET } from '../server.ts';
import { CONNECTIONS, startServer } from '../stage.ts';
import { tokenRequest } from '../tokens.ts';
import { meter } from './listen-keys.ts';

const VALIDITY_MS = 86_400_000;

const REQUESTS = [32, 256].map((clients) => ({ name: `userListenToken, ${clients} clients`, clients }));
const VERIFICATION = { name: 'verification, one thread in one process' };

async function run(context: Context): Promise<Row[]> {
  const verified = await rowsOf(context, [VERIFICATION], ({ name }) => Promise.resolve(verification(context, name)));
  const wanted = REQUESTS.some(({ name }) => name.includes(context.stepsWith));
  return wanted ? [...verified, ...(await requests(context))] : verified;
}

async function requests(context: Context): Promise<Row[]> {
  const server = await startServer(context, { accounts: CONNECTIONS, scopes: ['margin'] });
  try {
    const bytes = Array.from({ length: CONNECTIONS }, (_, account) =>
      tokenRequest(server, { account, symbol: undefined, validityMs: VALIDITY_MS }),
    );
    return await rowsOf(context, REQUESTS, ({ name, clients }) => meter(context, server, name, bytes, clients));
  } finally {
    await server.stop();
  }
}

/** Opens the seal and looks up account, API key and stream, as a subscribe does; tokens of all accounts in turn. */
function verification(context: Context, step: string): Row {
  const { listenTokens, texts } = issued();
  const read = (nth: number) => void listenTokens.read(texts[nth % texts.length] as string);
  const repetitions = Array.from({ length: context.quick ? 1 : 3 }, () => {
    const ns = nsPerCall(context.quick ? 500 : 2000, read);
    return { verificationsPerS: 1e9 / ns, usPerVerification: ns / 1000 };
  });
  return { step, figures: medians(repetitions) };
}

function issued(): { listenTokens: ListenTokens; texts: readonly string[] } {
  const accounts = new Accounts(nodeCrypto, () => () => true);
  const clock = new VirtualClock({ now: () => Date.now(), after: () => ({ cancel: () => undefined }) });
  const secrets = createSecretBox({ current: { id: SECRET.id, value: new Redacted(SECRET.value) }, previous: [] });
  const listenTokens = new ListenTokens({ clock, secrets, accounts, symbols: new Set() });
  const texts = Array.from({ length: CONNECTIONS }, (_, index) => {
    const secret = new Redacted(`bench-secret-of-account-${index}`);
    const apiKey = { apiKey: new Redacted(apiKeyOf(index)), type: 'HMAC', secret } as const;
    const account = accounts.put({ id: accountId(index), scopes: ['margin'], apiKeys: [apiKey] });
    const [issuer] = account.apiKeys;
    if (issuer === undefined) throw new Error(`${account.id} has no API key`);
    return listenTokens.issue(issuer, undefined, VALIDITY_MS).token;
  });
  return { listenTokens, texts };
}

export const listenTokens: Case = {
  name: 'listen-tokens',
  title: 'listenTokens: made over kept HTTP connections, and verified without a look-up in the database',
  run,
};
