import { type Case, type Context, type Figures, medians, type Row, rowsOf } from '../case.ts';
import { sleep } from '../load/clock.ts';
import { RequestLoop } from '../load/http.ts';
import { Xorshift } from '../load/random.ts';
import type { BenchServer } from '../server.ts';
import { CONNECTIONS, listenKeyRequest, startListenKeys, startServer } from '../stage.ts';

/** Connections with one request in flight each. */
const CLIENTS = [32, 256] as const;

const STEPS = (['POST', 'PUT'] as const).flatMap((method) =>
  CLIENTS.map((clients) => ({
    name: `${method === 'POST' ? 'start of a live key' : 'keepalive'}, ${clients} clients`,
    method,
    clients,
  })),
);

async function run(context: Context): Promise<Row[]> {
  const server = await startServer(context, { accounts: CONNECTIONS });
  try {
    const first = await firstStarts(context, server);
    const rows = await rowsOf(context, STEPS, ({ name, method, clients }) => {
      const requests = Array.from({ length: CONNECTIONS }, (_, account) => listenKeyRequest(server, method, account));
      return meter(context, server, name, requests, clients);
    });
    return [first, ...rows];
  } finally {
    await server.stop();
  }
}

/** Every account's first start: each derives a key and puts a row. */
async function firstStarts(context: Context, server: BenchServer): Promise<Row> {
  context.progress(`starting ${CONNECTIONS} listenKeys`);
  const before = { ms: performance.now(), cpuNs: server.cpuNs() };
  await startListenKeys(server, CONNECTIONS);
  const ms = performance.now() - before.ms;
  const figures = {
    requestsPerS: (CONNECTIONS / ms) * 1000,
    cpuPerRequestUs: (server.cpuNs() - before.cpuNs) / 1000 / CONNECTIONS,
  };
  return { step: 'start of a new key, once each of 8,000 accounts, 64 clients', figures };
}

/** Requests of accounts at random, in a closed loop. */
export async function meter(
  context: Context,
  server: BenchServer,
  name: string,
  requests: readonly Buffer[],
  clients: number,
): Promise<Row> {
  const random = new Xorshift(0x1f123bb5);
  const next = () => requests[random.below(requests.length)] ?? null;
  const loop = new RequestLoop({ url: server.http, connections: clients, next });
  await loop.start();
  const repetitions: Figures[] = [];
  await sleep(context.quick ? 500 : 1000);
  for (let repetition = 1; repetition <= (context.quick ? 1 : 3); repetition++) {
    context.progress(`${name} (${repetition})`);
    repetitions.push(await measured(server, loop, context.quick ? 1000 : 3000));
  }
  await loop.stop();
  return { step: name, figures: medians(repetitions) };
}

async function measured(server: BenchServer, loop: RequestLoop, ms: number): Promise<Figures> {
  loop.latencyUs.reset();
  loop.measuring = true;
  const before = { ms: performance.now(), cpuNs: server.cpuNs(), answers: loop.answers, load: process.cpuUsage() };
  await Promise.race([sleep(ms), loop.failed]);
  loop.measuring = false;
  const seconds = (performance.now() - before.ms) / 1000;
  const cpuNs = server.cpuNs() - before.cpuNs;
  const answers = loop.answers - before.answers;
  const load = process.cpuUsage(before.load);
  return {
    requestsPerS: answers / seconds,
    cpuPerRequestUs: cpuNs / 1000 / answers,
    serverShare: cpuNs / 1e9 / seconds,
    loadShare: (load.user + load.system) / 1e6 / seconds,
    p50Ms: loop.latencyUs.quantile(0.5) / 1000,
    p99Ms: loop.latencyUs.quantile(0.99) / 1000,
  };
}

export const listenKeys: Case = {
  name: 'listen-keys',
  title: 'listenKey requests over kept HTTP connections, 8,000 API keys, durable registry',
  run,
};
