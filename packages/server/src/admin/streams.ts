import type { JournalSlice } from '@listenpost/core';
import { parsePosition, printPosition, productOfScope } from '@listenpost/protocol';
import { textAnswer } from './answer.ts';
import { limitOf } from './page.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** An answer ends early rather than grow past this: a thousand of the largest events would be 64 MB. */
const ANSWER_CHARACTERS_MAX = 16 * 1024 * 1024;

/** The journal as it is: each event's own text, never re-serialised. */
export const getStreamEvents: Route = {
  method: 'GET',
  path: '/admin/v1/streams/{account}/{scope}/events',
  role: 'read',
  async handle({ segment, url }, { house }) {
    const stream = `${segment('account')}/${segment('scope')}`;
    if (productOfScope(segment('scope')) === undefined) {
      throw new Refusal(400, `scope: "${segment('scope')}" is none; expected one such as "usdm" or "isolated:BTCUSDT"`);
    }
    const limit = limitOf(url.searchParams);
    const from = url.searchParams.get('from');
    const head = house.journal.head(stream);
    if (head === undefined && house.accounts.get(segment('account')) === undefined) {
      throw new Refusal(404, `account: there is no account "${segment('account')}" and no stream of it`);
    }
    const sequence = from === null ? 1 : sequenceOf(from, stream, head?.epoch);
    const slice = await house.journal.read(stream, sequence, limit);
    return textAnswer(slice === undefined ? '{"events":[]}' : sliceBody(slice, from === null ? undefined : sequence));
  },
};

function sequenceOf(from: string, stream: string, epoch: string | undefined): number {
  const position = parsePosition(from);
  if (position === undefined) {
    throw new Refusal(
      400,
      `from: "${from.slice(0, 64)}" is no position; expected <epoch>:<sequence> as events carry it`,
    );
  }
  if (epoch === undefined) throw new Refusal(400, `from: the stream ${stream} has had no event; leave from out`);
  if (position.epoch !== epoch) {
    throw new Refusal(
      400,
      `from: the position is of the epoch "${position.epoch}", the stream ${stream} has the epoch "${epoch}"; leave from out to read its oldest event`,
    );
  }
  return position.sequence;
}

/** `from`: what was asked for. Where retention has dropped events from there on, the answer says which are missing. */
function sliceBody({ epoch, records, first, last }: JournalSlice, from: number | undefined): string {
  let events = '';
  let next: number | undefined;
  for (const { sequence, body } of records) {
    if (events.length > ANSWER_CHARACTERS_MAX) {
      next = sequence;
      break;
    }
    events += `${events === '' ? '' : ','}{"position":"${printPosition({ epoch, sequence })}","event":${body}}`;
  }
  const end = records.at(-1)?.sequence;
  if (next === undefined && end !== undefined && end < last) next = end + 1;
  return `{"events":[${events}]${nextOf(epoch, next)}${missedOf(epoch, from, first)}}`;
}

const nextOf = (epoch: string, next: number | undefined): string =>
  next === undefined ? '' : `,"next":"${printPosition({ epoch, sequence: next })}"`;

function missedOf(epoch: string, from: number | undefined, first: number): string {
  if (from === undefined || from >= first || first === 1) return '';
  const missed = {
    from: printPosition({ epoch, sequence: Math.max(from, 1) }),
    to: printPosition({ epoch, sequence: first - 1 }),
  };
  return `,"missed":${JSON.stringify(missed)}`;
}
