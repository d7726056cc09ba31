import { type Case, type Context, type Row, rowsOf } from '../case.ts';
import { CONNECTIONS, Stage, type Step } from '../stage.ts';

const EVENTS_PER_S = 20_000;

const STEPS: readonly Step[] = [
  { name: 'ingest, 1 event a message', via: 'ingest', unitEvents: 1, eventsPerS: EVENTS_PER_S },
  { name: 'HTTP, 64 events a request', via: 'http', unitEvents: 64, eventsPerS: EVENTS_PER_S },
];

async function run(context: Context): Promise<Row[]> {
  const stage = await Stage.open(context, { accounts: CONNECTIONS });
  try {
    return await rowsOf(context, STEPS, (step) => stage.run(step));
  } finally {
    await stage.close();
  }
}

export const pace: Case = {
  name: 'pace',
  title: '20,000 events/s in an open loop, 8,000 connections, commit fsync',
  run,
};
