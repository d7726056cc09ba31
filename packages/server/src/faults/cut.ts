import type { FaultRow, Line, LineActs } from './fault.ts';

/** With `after` or `probability` in the middle of what is being sent; without them at once. */
export const cut: FaultRow = {
  name: 'cut',
  does: 'the connection is gone, without a close frame; with after or probability in place of a frame',
  occasion: 'connection, or frame where after or probability is given',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {},
  acts: ({ probability, after }) =>
    probability === undefined && after === undefined ? { meets: true, line: atOnce } : { line: inPlaceOfFrame },
};

const atOnce = (line: Line): LineActs => ({
  meet({ takes, tell }) {
    if (!takes()) return;
    tell('cut');
    line.cut();
  },
});

const inPlaceOfFrame = (line: Line): LineActs => ({
  frame(item, { takes, tell }) {
    if (!takes()) return [item];
    tell('cut in place of a frame');
    line.cut();
    return [];
  },
});
