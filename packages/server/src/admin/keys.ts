import type { ListenKey } from '@listenpost/core';
import { jsonAnswer } from './answer.ts';
import { numberOfId, pageOf, pageRequestOf } from './page.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** Live listenKeys. The key itself is a bearer secret and is not shown; `id` stands for it. `?account=` narrows. */
export const getKeys: Route = {
  method: 'GET',
  path: '/admin/v1/keys',
  role: 'read',
  handle({ url }, { house }) {
    const { limit, after } = pageRequestOf(url.searchParams);
    const account = url.searchParams.get('account');
    const above = after === undefined ? undefined : numberOfId('k', after, 'after');
    const keys = account === null ? house.listenKeys.all() : keysOf(house.listenKeys.all(), account);
    const { rows, more } = pageOf(keys, (key) => key.id, above, limit);
    const last = rows.at(-1);
    return jsonAnswer({ keys: rows.map(keyRow), ...(more && last ? { next: idOf(last) } : {}) });
  },
};

export const deleteKey: Route = {
  method: 'DELETE',
  path: '/admin/v1/keys/{id}',
  role: 'admin',
  async handle({ segment }, { house }) {
    const id = segment('id');
    const key = house.listenKeys.byId(numberOfId('k', id, 'id'));
    if (key === undefined) throw new Refusal(404, `id: no live key has the id "${id}"; it may have expired`);
    await house.listenKeys.end(key);
    return jsonAnswer({ ended: id });
  },
};

const idOf = (key: ListenKey) => `k${key.id}`;

function* keysOf(keys: Iterable<ListenKey>, account: string): Generator<ListenKey> {
  for (const key of keys) if (key.account === account) yield key;
}

function keyRow(key: ListenKey) {
  return {
    id: idOf(key),
    account: key.account,
    scope: key.stream.slice(key.account.length + 1),
    expiresAt: new Date(key.deadline).toISOString(),
    subscriptions: key.subscriptions.size,
  };
}
