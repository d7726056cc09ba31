import { type Case, type Context, type Row, rowsOf } from '../case.ts';
import { CONNECTIONS, Stage, type Step } from '../stage.ts';

const HTTP_64: Step = { name: 'HTTP, 64 events a request', via: 'http', unitEvents: 64 };
const INGEST_64: Step = { name: 'ingest, 64 events a message', via: 'ingest', unitEvents: 64 };
const INGEST_1: Step = { name: 'ingest, 1 event a message', via: 'ingest', unitEvents: 1 };

async function run(context: Context): Promise<Row[]> {
  const durable = await onStage(context, 'fsync', [HTTP_64, INGEST_64, INGEST_1]);
  return [...durable, ...(await onStage(context, 'memory', [HTTP_64, INGEST_64]))];
}

async function onStage(context: Context, commit: 'fsync' | 'memory', steps: readonly Step[]): Promise<Row[]> {
  const named = steps.map((step) => ({ ...step, name: `${step.name}, commit ${commit}` }));
  if (!named.some(({ name }) => name.includes(context.stepsWith))) return [];
  const stage = await Stage.open(context, { accounts: CONNECTIONS, commit });
  try {
    return await rowsOf(context, named, (step) => stage.run(step));
  } finally {
    await stage.close();
  }
}

export const saturation: Case = {
  name: 'saturation',
  title: 'As many events as go, 8,000 connections',
  run,
};
