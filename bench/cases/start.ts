import type { Case, Context, Row } from '../case.ts';
import { prefillJournal, prefillListenKeys } from '../prefill.ts';
import type { BenchServer } from '../server.ts';
import { CONNECTIONS, Stage, startServer } from '../stage.ts';
import { inTemporaryFolder } from '../temporary-folder.ts';

const SCOPES_PER_ACCOUNT = 5;

async function run(context: Context): Promise<Row[]> {
  const keys = context.quick ? 100_000 : 1_000_000;
  const journalBytes = context.quick ? 100e6 : 1e9;
  const held = `${keys.toLocaleString('en')} keys, ${(journalBytes / 1e9).toFixed(1)} GB of events`;
  return inTemporaryFolder(context, async (dataFolder) => {
    context.progress(`storing ${held}`);
    await prefillListenKeys(dataFolder, keys, CONNECTIONS);
    await prefillJournal(dataFolder, journalBytes, CONNECTIONS);
    const options = { accounts: CONNECTIONS, dataFolder };
    // The first start takes over the config's accounts, which is no part of a restart.
    await (await startServer(context, options)).stop();
    const rows = [await timedStart(context, `${held}, 8,000 accounts`, options)];
    await killInMidLoad(context, options);
    rows.push(await timedStart(context, 'the same after SIGKILL in mid-load', options));
    if (context.quick) return rows;
    const accounts = keys / SCOPES_PER_ACCOUNT;
    context.progress(`taking over ${accounts.toLocaleString('en')} accounts`);
    await (await startServer(context, { accounts, dataFolder })).stop();
    rows.push(await timedStart(context, `${held}, ${accounts.toLocaleString('en')} accounts`, options));
    return rows;
  });
}

async function timedStart(
  context: Context,
  step: string,
  options: { readonly accounts: number; readonly dataFolder: string },
): Promise<Row> {
  context.progress(`starting: ${step}`);
  const server: BenchServer = await startServer(context, options);
  const figures = { startS: server.startMs / 1000, cpuS: server.cpuNs() / 1e9, rssMiB: server.memory().rssKiB / 1024 };
  await server.stop();
  return { step, figures };
}

/** Leaves a journal whose last segment was never sealed. */
async function killInMidLoad(context: Context, options: { readonly accounts: number; readonly dataFolder: string }) {
  const stage = await Stage.open(context, options);
  await stage.run({ name: 'load before SIGKILL', via: 'http', unitEvents: 64 });
  stage.kill();
}

export const start: Case = {
  name: 'start',
  title: 'From the command to the ready line',
  run,
};
