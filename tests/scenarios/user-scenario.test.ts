/** Scenarios that users write: the examples of the documentation, played by the program as a user starts it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endPrograms, Program } from './program.ts';
import { UnderTest } from './under-test.ts';

/** Of a test that starts many programs on a busy machine. */
setDefaultTimeout(30_000);

type Json = Record<string, unknown>;
const EXAMPLES = join(import.meta.dirname, '../../docs/examples');

let service: UnderTest;
let folder: string;
beforeAll(async () => {
  service = await UnderTest.start();
  folder = mkdtempSync(join(tmpdir(), 'listenpost-scenario-'));
});
afterAll(async () => {
  endPrograms();
  rmSync(folder, { recursive: true });
  await service.close();
});

const trigger = (...args: string[]) => new Program(['trigger', ...args, '--admin', service.running.urls.admin]);

const journal = async (): Promise<Json[]> => {
  const { body } = await service.admin('GET', '/admin/v1/streams/demo/usdm/events?limit=1000');
  return (body as { events: { event: Json }[] }).events.map(({ event }) => event);
};

/** A program takes seconds to start on a busy machine; less than the test as a whole may take. */
const STARTED_WITHIN_MS = 20_000;

async function journalHolds(events: number): Promise<void> {
  const deadline = performance.now() + STARTED_WITHIN_MS;
  while ((await journal()).length < events) {
    if (performance.now() > deadline) throw new Error(`the program emitted nothing within ${STARTED_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a key expires during a partial fill: what comes after it reaches nobody', async () => {
  const key = await service.listenKey('/fapi/v1/listenKey');
  const bot = await service.open(`/private/ws/${key}`);
  const { code, stdout, stderr } = await trigger(join(EXAMPLES, 'expiry-during-a-fill.json')).ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { steps, events } = JSON.parse(stdout) as { steps: Json[]; events: number };
  expect(steps).toMatchObject([{ scenario: 'order.partially-filled', events: 7 }, { kind: 'clock' }, { events: 3 }]);
  expect(events).toBe(10);

  const seen: Json[] = [];
  while (seen.at(-1)?.['e'] !== 'listenKeyExpired') seen.push(await bot.frame());
  expect(seen).toHaveLength(8);
  expect(seen.at(-2)?.['o']).toMatchObject({ X: 'PARTIALLY_FILLED', z: '0.020' });
  expect((await journal()).at(-1)?.['o']).toMatchObject({ X: 'FILLED', z: '0.030', i: steps[2]?.['orderId'] });
});

test('a TypeScript file waits for the emulator’s time', async () => {
  const before = (await journal()).length;
  const program = trigger(join(EXAMPLES, 'cancelled-after-a-while.ts'));
  await journalHolds(before + 10);
  await service.advance('30s');
  const { code, stderr } = await program.ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [first, ...later] = (await journal()).slice(before) as [Json, ...Json[]];
  const [canceled, changed] = later.slice(-2) as [Json, Json];
  expect(canceled['o']).toMatchObject({ x: 'CANCELED', z: '0.300', i: (first['o'] as Json)['i'] });
  expect(Number(canceled['E']) - Number(first['E'])).toBeWithin(30_000, 31_000);
  expect(changed).toMatchObject({ e: 'ACCOUNT_CONFIG_UPDATE', ac: { s: 'ETHUSDT', l: 25 } });
});

test('a step sets a fault, which the steps after it meet', async () => {
  const bot = await service.open(`/private/ws/${await service.listenKey('/fapi/v1/listenKey')}`);
  const steps = [{ fault: 'duplicate', times: 1 }, { scenario: 'transfer' }];
  const played = await service.admin('POST', '/admin/v1/trigger', { account: 'demo', scope: 'usdm', steps });
  expect(played).toMatchObject({ status: 200, body: { steps: [{ kind: 'fault', id: expect.any(String) }, {}] } });
  const event = await bot.frame();
  expect([event['e'], await bot.frame()]).toEqual(['ACCOUNT_UPDATE', event]);
});

test('what is wrong with a file is told in a sentence that names the place', async () => {
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const cases = [
    [
      [file('step.json', '{"steps":[{"wait":"1s"},{"scenario":"order.new","qty":"x"}]}')],
      1,
      /^listenpost: steps\[1\]\.qty: must/,
    ],
    [[file('broken.json', '{"steps":')], 2, /broken\.json cannot be read: /],
    [[file('none.ts', 'export const steps = [];')], 2, /none\.ts holds no scenario; export default/],
    [
      [file('fine.json', '{"steps":[{"wait":"1s"}]}'), '--qty', '1'],
      2,
      /--qty belongs to one scenario; write it into the steps/,
    ],
    [['missing.json'], 2, /missing\.json cannot be read: .*no such file/],
  ] as const;
  for (const [args, code, reason] of cases) {
    expect(await trigger(...args).ended()).toMatchObject({ code, stderr: expect.stringMatching(reason) });
  }
});

test('--list shows every scenario of every product, with what it takes', async () => {
  const { stdout } = await trigger('--list', '--json').ended();
  const rows = JSON.parse(stdout) as { scenario: string; product: string; parameters: string[] }[];
  expect(rows.length).toBeGreaterThan(120);
  expect(rows).toContainEqual(
    expect.objectContaining({
      scenario: 'oco.filled',
      product: 'spot',
      parameters: ['symbol', 'qty', 'price', 'side'],
    }),
  );
});
