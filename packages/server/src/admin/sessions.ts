import type { Connection, House, SubscriptionInfo } from '@listenpost/core';
import { jsonAnswer } from './answer.ts';
import { numberOfId, pageOf, pageRequestOf } from './page.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** Open WebSocket connections of clients. */
export const getSessions: Route = {
  method: 'GET',
  path: '/admin/v1/sessions',
  role: 'read',
  handle({ url }, { house }) {
    const { limit, after } = pageRequestOf(url.searchParams);
    const above = after === undefined ? undefined : numberOfId('c', after, 'after');
    const { rows, more } = pageOf(
      house.connections,
      (connection) => numberOfId('c', connection.id, 'id'),
      above,
      limit,
    );
    const last = rows.at(-1);
    return jsonAnswer({ sessions: rows.map(sessionRow), ...(more && last ? { next: last.id } : {}) });
  },
};

export const deleteSession: Route = {
  method: 'DELETE',
  path: '/admin/v1/sessions/{id}',
  role: 'admin',
  handle({ segment }, { house }) {
    const id = segment('id');
    numberOfId('c', id, 'id');
    openConnection(house, id).end('endedByAdmin');
    return jsonAnswer({ ended: id });
  },
};

/** One subscription that a token, a logon or a signature opened; it says `eventStreamTerminated`, and the connection stays. */
export const deleteSubscription: Route = {
  method: 'DELETE',
  path: '/admin/v1/subscriptions/{id}',
  role: 'admin',
  handle({ segment }, { house }) {
    const id = segment('id');
    const [connection = '', number = ''] = id.split('.');
    numberOfId('c', connection, 'id');
    const ended = openConnection(house, connection).endSubscription(numberOfId('', number, 'id'));
    if (ended) return jsonAnswer({ ended: id });
    throw new Refusal(404, `id: no subscription has the id "${id}"; it may have ended, or belongs to a listenKey`);
  },
};

function openConnection({ connections }: House, id: string): Connection {
  for (const connection of connections) if (connection.id === id) return connection;
  throw new Refusal(404, `id: no open connection has the id "${id}"; it may have closed`);
}

function sessionRow(connection: Connection) {
  const { openedAt, subscriptions, product: _, ...info } = connection.info();
  return {
    ...info,
    openedAt: new Date(openedAt).toISOString(),
    subscriptions: subscriptions.map(({ stream }) => stream),
    grants: subscriptions.map((subscription) => grantRow(connection.id, subscription)),
  };
}

/** By what each subscription reads. One that has an `id` can be ended alone; a listenKey's ends with the key. */
function grantRow(connection: string, { subscriptionId: id, stream, grant, deadline }: SubscriptionInfo) {
  return {
    ...(id === undefined ? {} : { id: `${connection}.${id}` }),
    stream,
    grant,
    ...(deadline === null ? {} : { expiresAt: new Date(deadline).toISOString() }),
  };
}
