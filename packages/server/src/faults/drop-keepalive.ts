import { noAnswer } from '../edge/rest-response.ts';
import type { FaultRow } from './fault.ts';
import { anyOf, taken } from './settings.ts';

/** What every product calls it; REST rows carry the same name. */
const KEEPALIVE = 'userDataStream.ping';

/** Over REST the connection ends without an answer; on the WebSocket API the answer never comes. */
export const dropKeepalive: FaultRow = {
  name: 'drop-keepalive',
  does: 'keepalives of listenKeys get lost on the way, so that the key runs out',
  occasion: 'keepalive',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {
    loses: taken(
      anyOf(['request', 'answer']),
      'request|answer',
      'answer: the key is extended, and the client does not learn it (default: request)',
    ),
  },
  acts: ({ settings: { loses = 'request' } }) => ({
    visit({ endpoint, serve }, { takes, tell }) {
      if (endpoint?.operation !== KEEPALIVE || !takes()) return serve();
      tell(`lost the ${loses}`);
      return loses === 'request' ? noAnswer() : Promise.resolve(serve()).then(noAnswer);
    },
    line: (line) => ({
      request(method, id, { takes, tell }) {
        if (method !== KEEPALIVE || !takes()) return true;
        tell(`lost the ${loses}`);
        if (loses === 'request') return false;
        line.withholdAnswer(id);
        return true;
      },
    }),
  }),
};
