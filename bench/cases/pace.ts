import type { Case, Context, Row } from '../case.ts';
import { CONNECTIONS, Stage } from '../stage.ts';

const EVENTS_PER_S = 20_000;

async function run(context: Context): Promise<Row[]> {
  const stage = await Stage.open(context, { accounts: CONNECTIONS });
  try {
    return [
      await stage.run({ name: 'ingest, 1 event a message', via: 'ingest', unitEvents: 1, eventsPerS: EVENTS_PER_S }),
      await stage.run({ name: 'HTTP, 64 events a request', via: 'http', unitEvents: 64, eventsPerS: EVENTS_PER_S }),
    ];
  } finally {
    await stage.close();
  }
}

export const pace: Case = {
  name: 'pace',
  title: '20,000 events/s in an open loop, 8,000 connections, commit fsync',
  run,
};
