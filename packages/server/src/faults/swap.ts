import type { Timer } from '@listenpost/core';
import type { FaultRow, Item } from './fault.ts';
import { duration, taken } from './settings.ts';

const WITHIN_MS = 1000;

export const swap: FaultRow = {
  name: 'swap',
  does: 'an event and the next one change places',
  occasion: 'event',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {
    within: taken(duration, '<duration>', 'sent in its place when no other follows so soon (default: 1s)'),
  },
  acts: ({ settings }) => ({
    line: (line) => {
      const { clock } = line.house;
      const withinMs = (settings['within'] as number | undefined) ?? WITHIN_MS;
      let held: { readonly item: Item; readonly timer: Timer } | undefined;
      const letGo = () => {
        const { item, timer } = held ?? {};
        held = undefined;
        timer?.cancel();
        if (item !== undefined) line.pass(item);
      };
      return {
        frame(item, { takes, tell }) {
          if (item.kind !== 'event') return [item];
          if (held !== undefined) {
            const earlier = held.item;
            held.timer.cancel();
            held = undefined;
            tell('sent before the one that came first');
            return [item, earlier];
          }
          if (!takes()) return [item];
          held = { item, timer: clock.at(clock.now() + withinMs, letGo) };
          return [];
        },
        letGo,
      };
    },
  }),
};
