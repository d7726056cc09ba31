import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEvent, SPOT_3_5, stampSubscriptionId } from '@listenpost/protocol';
import { eventFrame, eventOpening } from '../../packages/core/src/data/envelope.ts';
import type { Case, Context, Row } from '../case.ts';
import { nsPerCall } from '../load/stopwatch.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'tests', 'conformance', 'spot');
const EVENTS = ['executionReport', 'outboundAccountPosition', 'balanceUpdate'] as const;

/** As many sockets read one body as a loop has subscriptions to stamp. */
const SUBSCRIPTIONS = 1000;

function run(context: Context): Promise<Row[]> {
  const forMs = context.quick ? 100 : 1000;
  return Promise.resolve(EVENTS.flatMap((type) => rowsOfEvent(type, forMs)));
}

function rowsOfEvent(type: string, forMs: number): Row[] {
  const { cases } = JSON.parse(readFileSync(join(FIXTURES, `${type}.json`), 'utf8')) as { cases: { event: object }[] };
  const body = JSON.stringify(cases[0]?.event);
  const openings = Array.from({ length: SUBSCRIPTIONS }, (_, id) => eventOpening(id));
  const json = (nth: number) => Buffer.from(eventFrame(openings[nth % SUBSCRIPTIONS] as string, body));
  const frame = encodeEvent(SPOT_3_5.version, body);
  const sbe = (nth: number) => stampSubscriptionId(frame, nth % SUBSCRIPTIONS);
  return [
    { step: `${type}, JSON`, figures: { bytes: json(0).length, nsPerSocket: nsPerCall(forMs, json) } },
    {
      step: `${type}, SBE 3:${SPOT_3_5.version}`,
      figures: {
        bytes: sbe(0).length,
        nsPerSocket: nsPerCall(forMs, sbe),
        nsPerBody: nsPerCall(forMs, () => encodeEvent(SPOT_3_5.version, body)),
      },
    },
  ];
}

export const sbeCodec: Case = {
  name: 'sbe-codec',
  title: 'An event for one more socket, in one process without sockets: JSON envelope and SBE stamp',
  run,
};
