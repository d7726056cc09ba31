import type { Connection } from '@listenpost/core';
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
    for (const connection of house.connections) {
      if (connection.id !== id) continue;
      connection.end('endedByAdmin');
      return jsonAnswer({ ended: id });
    }
    throw new Refusal(404, `id: no open connection has the id "${id}"; it may have closed`);
  },
};

function sessionRow(connection: Connection) {
  const { openedAt, subscriptions, product: _, ...info } = connection.info();
  return {
    ...info,
    openedAt: new Date(openedAt).toISOString(),
    subscriptions: subscriptions.map(({ stream }) => stream),
  };
}
