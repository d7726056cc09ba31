import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Account, AccountSpec, ApiKeySpec } from '@listenpost/core';
import { accountSchema, accountSpecOf } from '../config/account-schema.ts';
import type { AccountRegistry } from './account-registry.ts';
import { PutManyError } from './account-registry.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, checked, linesOf, parsed } from './body.ts';
import { pageOf, pageRequestOf } from './page.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** Accounts of one request: each is sealed and checked, some 20 µs of the event loop. */
const ACCOUNTS_MAX = 10_000;
/** Accounts read before other work gets its turn. */
const ACCOUNTS_PER_TURN = 100;

export const getAccounts: Route = {
  method: 'GET',
  path: '/admin/v1/accounts',
  role: 'read',
  handle({ url }, { house }) {
    const { limit, after } = pageRequestOf(url.searchParams);
    const { rows, more } = pageOf(house.accounts.all(), ({ id }) => id, after, limit);
    const last = rows.at(-1);
    return jsonAnswer({ accounts: rows.map(accountRow), ...(more && last ? { next: last.id } : {}) });
  },
};

/** Many accounts at once, as NDJSON in the config file's shape: all of them or none. */
export const postAccounts: Route = {
  method: 'POST',
  path: '/admin/v1/accounts',
  role: 'admin',
  async handle({ request }, { accountRegistry }) {
    const specs: AccountSpec[] = [];
    const lines: number[] = [];
    for (const { line, text } of linesOf(await bodyText(request))) {
      if (specs.length === ACCOUNTS_MAX) throw new Refusal(400, `expected at most ${ACCOUNTS_MAX} accounts`, { line });
      specs.push(accountSpecOf(parsed(accountSchema, text, line)));
      lines.push(line);
      if (specs.length % ACCOUNTS_PER_TURN === 0) await nextTurn();
    }
    if (specs.length === 0) throw new Refusal(400, 'empty; expected one account as JSON on each line', { line: 1 });
    await put(accountRegistry, specs, lines);
    return jsonAnswer({ accepted: specs.length });
  },
};

/** One account, new or in place of the one with this id. Its listenKeys live on: they are the account's. */
export const putAccount: Route = {
  method: 'PUT',
  path: '/admin/v1/accounts/{id}',
  role: 'admin',
  async handle({ request, segment }, { accountRegistry, house }) {
    const id = segment('id');
    const spec = accountSpecOf(checked(accountSchema, withId(parsedObject(await bodyText(request)), id)));
    const added = house.accounts.get(id) === undefined;
    await put(accountRegistry, [spec]);
    const account = house.accounts.get(id);
    // A deletion may have come between; what was put is then already gone.
    return jsonAnswer(account === undefined ? { id } : accountRow(account), added ? 201 : 200);
  },
};

export const deleteAccount: Route = {
  method: 'DELETE',
  path: '/admin/v1/accounts/{id}',
  role: 'admin',
  async handle({ segment }, { accountRegistry }) {
    const id = segment('id');
    if (await accountRegistry.delete(id)) return jsonAnswer({ ended: id });
    throw new Refusal(404, `id: there is no account "${id}"`);
  },
};

async function put(registry: AccountRegistry, specs: readonly AccountSpec[], lines?: readonly number[]): Promise<void> {
  try {
    await registry.putMany(specs);
  } catch (cause) {
    if (!(cause instanceof PutManyError)) throw cause;
    const line = lines?.[cause.index];
    throw new Refusal(400, cause.message, line === undefined ? {} : { line });
  }
}

function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    throw new Refusal(400, 'not JSON; expected an account as in the config file');
  }
  throw new Refusal(400, 'expected a JSON object: an account as in the config file');
}

/** The path names the account; a body that names another one was meant for elsewhere. */
function withId(body: Record<string, unknown>, id: string): Record<string, unknown> {
  if (body['id'] !== undefined && body['id'] !== id) {
    throw new Refusal(400, `id: the path says "${id}", the body another one; leave it out of the body`);
  }
  return { ...body, id };
}

function accountRow({ id, spec }: Account) {
  const { apiKeys, scopes } = spec;
  return { id, apiKeys: apiKeys.map(apiKeyRow), ...(scopes === undefined ? {} : { scopes }) };
}

/** An HMAC secret is not shown at all; of the API key, itself a bearer secret, as much as tells it from others. */
function apiKeyRow(spec: ApiKeySpec) {
  const { type, permissions, ipAllowList } = spec;
  return {
    apiKey: beginningOf(spec.apiKey.reveal()),
    type,
    ...(spec.type === 'HMAC' ? {} : { publicKey: spec.publicKey }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(ipAllowList === undefined ? {} : { ipAllowList }),
  };
}

/** Four characters, and never more than a quarter of the text. */
const beginningOf = (text: string): string => `${text.slice(0, Math.min(4, text.length >> 2))}…`;
