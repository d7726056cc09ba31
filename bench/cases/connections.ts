import type { Case, Context, Row } from '../case.ts';
import { sleep } from '../load/clock.ts';
import { Fleet } from '../load/sockets.ts';
import { CONNECTIONS, startListenKeys, startServer, streamPath } from '../stage.ts';

/** After this long idle, what the handshakes themselves needed is given back or not at all. */
const SETTLE_MS = 2000;

async function run(context: Context): Promise<Row[]> {
  const server = await startServer(context, { accounts: CONNECTIONS });
  const fleet = new Fleet(server.http);
  try {
    const paths = (await startListenKeys(server, CONNECTIONS)).map(streamPath);
    await sleep(SETTLE_MS);
    context.progress(`opening ${CONNECTIONS} connections`);
    const before = { memory: server.memory(), cpuNs: server.cpuNs(), ms: performance.now(), load: process.cpuUsage() };
    await fleet.connect(paths);
    const ms = performance.now() - before.ms;
    const cpuNs = server.cpuNs() - before.cpuNs;
    const load = process.cpuUsage(before.load);
    await sleep(SETTLE_MS);
    const after = server.memory();
    return [
      {
        step: `${CONNECTIONS.toLocaleString('en')} connections, one listenKey each`,
        figures: {
          handshakesPerS: (CONNECTIONS / ms) * 1000,
          cpuPerHandshakeUs: cpuNs / 1000 / CONNECTIONS,
          loadShare: (load.user + load.system) / 1000 / ms,
          pssPerConnectionKiB: (after.pssKiB - before.memory.pssKiB) / CONNECTIONS,
          rssPerConnectionKiB: (after.rssKiB - before.memory.rssKiB) / CONNECTIONS,
          rssMiB: after.rssKiB / 1024,
        },
      },
    ];
  } finally {
    fleet.close();
    await server.stop();
  }
}

export const connections: Case = {
  name: 'connections',
  title: 'Handshakes, and memory of idle connections',
  run,
};
