import type { Case, Context, Row } from '../case.ts';
import { Stage } from '../stage.ts';

async function run(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of context.quick ? [1000, 8000] : [1000, 2000, 4000, 8000]) {
    rows.push(...(await withConnections(context, count)));
  }
  return rows;
}

async function withConnections(context: Context, count: number): Promise<Row[]> {
  const stage = await Stage.open(context, { accounts: count });
  const name = (via: string) => `${count.toLocaleString('en')} connections, ${via}`;
  try {
    const rows = [await stage.run({ name: name('HTTP × 64'), via: 'http', unitEvents: 64 })];
    if (!context.quick) rows.push(await stage.run({ name: name('ingest × 64'), via: 'ingest', unitEvents: 64 }));
    return rows;
  } finally {
    await stage.close();
  }
}

export const scalingConnections: Case = {
  name: 'scaling-connections',
  title: 'Saturation by number of connections, commit fsync',
  run,
};
