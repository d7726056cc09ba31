/** listenTokens of margin accounts, asked for over REST. */
import { RequestLoop, requestBytes } from './load/http.ts';
import { apiKeyOf, type BenchServer } from './server.ts';

/** Connections that ask for many tokens at once. */
const TOKEN_CONNECTIONS = 16;

export interface TokenWish {
  readonly account: number;
  /** Of isolated margin; undefined: cross margin. */
  readonly symbol: string | undefined;
  readonly validityMs: number;
}

export interface Token {
  readonly token: string;
  /** In ms. */
  readonly expirationTime: number;
}

/** As many symbols as one connection may have subscriptions. */
export const SYMBOLS: readonly string[] = Array.from({ length: 1000 }, (_, index) => `T${index}USDT`);

export function tokenRequest(server: BenchServer, { account, symbol, validityMs }: TokenWish): Buffer {
  const margin = symbol === undefined ? '' : `&isIsolated=true&symbol=${symbol}`;
  const path = `/sapi/v1/userListenToken?validity=${validityMs}${margin}`;
  return requestBytes('POST', path, new URL(server.http).host, `X-MBX-APIKEY: ${apiKeyOf(account)}\r\n`);
}

/** One token for each wish, in order. */
export async function askTokens(server: BenchServer, wishes: readonly TokenWish[]): Promise<Token[]> {
  const tokens: Token[] = [];
  const waiting = wishes.values();
  const loop = new RequestLoop({
    url: server.http,
    connections: TOKEN_CONNECTIONS,
    next: () => {
      const { value } = waiting.next();
      return value === undefined ? null : tokenRequest(server, value);
    },
    answered: ({ body }, request) => {
      tokens[request] = JSON.parse(body) as Token;
    },
  });
  await loop.start();
  await loop.finished();
  return tokens;
}
