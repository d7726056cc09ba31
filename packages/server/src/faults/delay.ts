import type { House } from '@listenpost/core';
import type { Answer } from '../edge/intermediary.ts';
import type { FaultRow, VisitContext } from './fault.ts';
import { anyOf, duration, needed, taken } from './settings.ts';

/** Order stays: what follows a delayed frame waits behind it. Virtual time, so that a test need not wait. */
export const delay: FaultRow = {
  name: 'delay',
  does: 'frames, or the answers of REST, come late and in order',
  occasion: 'frame, or REST request',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {
    by: needed(duration, '<duration>', 'how late, in virtual time'),
    of: taken(anyOf(['frames', 'requests']), 'frames|requests', 'what comes late (default: frames)'),
  },
  acts({ settings }) {
    const by = settings['by'] as number;
    if (settings['of'] === 'requests') {
      return {
        visit({ endpoint, house, serve }, { takes, tell }) {
          if (endpoint === undefined || !takes()) return serve();
          tell(`answered ${by} ms late`);
          return late(house, by, serve);
        },
      };
    }
    return {
      line: (line) => ({
        frame(item, { takes, tell }) {
          if (!takes()) return [item];
          tell(`delayed by ${by} ms`);
          return [{ ...item, delayMs: item.delayMs + by }];
        },
        // What two delays hold leaves with the first that is removed: nobody waits an hour for a fault that is gone.
        letGo(removed) {
          if (removed) line.hasten();
        },
      }),
    };
  },
};

async function late(house: House, by: number, serve: VisitContext['serve']): Promise<Answer> {
  const answer = await serve();
  await passed(house, by);
  return answer;
}

const passed = ({ clock }: House, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.at(clock.now() + ms, resolve);
  });
