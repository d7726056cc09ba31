import type { Case, Context, Row } from '../case.ts';
import { prefillListenKeys } from '../prefill.ts';
import { CONNECTIONS, listenKeyRequest, Stage } from '../stage.ts';
import { inTemporaryFolder } from '../temporary-folder.ts';
import { meter } from './listen-keys.ts';

const CLIENTS = 256;

async function run(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of context.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000]) {
    rows.push(...(await withKeys(context, count)));
  }
  return rows;
}

function withKeys(context: Context, count: number): Promise<Row[]> {
  return inTemporaryFolder(context, async (dataFolder) => {
    context.progress(`storing ${count.toLocaleString('en')} listenKeys`);
    await prefillListenKeys(dataFolder, count, CONNECTIONS);
    const stage = await Stage.open(context, { accounts: CONNECTIONS, dataFolder });
    const name = (what: string) => `${count.toLocaleString('en')} live keys, ${what}`;
    const { server } = stage;
    try {
      const rows = [await stage.run({ name: name('HTTP × 64'), via: 'http', unitEvents: 64 })];
      if (!context.quick) rows.push(await stage.run({ name: name('ingest × 64'), via: 'ingest', unitEvents: 64 }));
      const keepalives = Array.from({ length: CONNECTIONS }, (_, account) => listenKeyRequest(server, 'PUT', account));
      return [...rows, await meter(context, server, name(`keepalive, ${CLIENTS} clients`), keepalives, CLIENTS)];
    } finally {
      await stage.close();
    }
  });
}

export const scalingKeys: Case = {
  name: 'scaling-keys',
  title: 'Saturation and keepalives by number of live listenKeys, 8,000 connections, commit fsync',
  run,
};
