import { producerRetry } from './events.ts';
import type { Retry } from './intake.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/**
 * Streaming ingest. The edge opens the WebSocket once this row has let the handshake through; a request that asks for no
 * upgrade ends here.
 */
export const getIngest: Route = {
  method: 'GET',
  path: '/admin/v1/ingest',
  role: 'publish',
  handle({ url }) {
    ingestRetry(url);
    throw new Refusal(426, 'this call is a WebSocket: connect to it with ws:// and send NDJSON lines', {
      headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
    });
  },
};

export function ingestRetry(url: URL): Retry {
  const producer = url.searchParams.get('producer');
  return producer === null ? { kind: 'none' } : producerRetry(producer);
}
