/** Every program in `examples/`, run as its header says: on Bun from this clone, and some on Node as a user's own program is. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from '../compat/bundle.mjs';
import { endPrograms, Program, startServer, UNLAUNCHED, type Urls } from './program.ts';

/** Of a test that starts several programs on a busy machine. */
setDefaultTimeout(40_000);

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');

let folder: string;
let dev: Program;
let urls: Urls;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-examples-'));
  ({ program: dev, urls } = await startServer('dev', [], { command: UNLAUNCHED }));
});

afterAll(async () => {
  dev.kill('SIGTERM');
  await dev.ended();
  endPrograms();
  rmSync(folder, { recursive: true });
});

const DEMO = 'demoHmacKey0'.repeat(6).slice(0, 64);
const DEMO2 = 'demo2HmacKey0'.repeat(5).slice(0, 64);

type Runtime = 'bun' | 'node';

function start(name: string, runtime: Runtime, env: Readonly<Record<string, string>>): Program {
  const all = { LISTENPOST_URL: urls.http, ADMIN_URL: urls.admin, API_KEY: DEMO, ...env };
  const path = join(EXAMPLES, name);
  const program = runtime === 'bun' ? [process.execPath, path] : ['node', bundle(`examples/${name}`)];
  return new Program([], { command: ['env', ...Object.entries(all).map((pair) => pair.join('=')), ...program] });
}

async function trigger(scenario: string, parameters: Readonly<Record<string, string>> = {}, admin = urls.admin) {
  const body = JSON.stringify({ account: 'demo', ...parameters });
  const response = await fetch(`${admin}/admin/v1/trigger/${scenario}`, { method: 'POST', body });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

/** Events come once somebody reads: until then they are made again. */
async function until(seen: Promise<unknown>, make: () => Promise<void>): Promise<void> {
  const done = { yet: false };
  const settled = seen.finally(() => {
    done.yet = true;
  });
  while (!done.yet) {
    await make();
    await Promise.race([settled, Bun.sleep(500)]);
  }
  await settled;
}

async function stopped(program: Program): Promise<string> {
  program.kill('SIGKILL');
  return (await program.ended()).stdout;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What each shows, made to happen and looked for. */
const SHOWS: Readonly<Record<string, (runtime: Runtime) => Promise<void>>> = {
  async 'print-fills.mjs'(runtime) {
    const program = start('print-fills.mjs', runtime, {});
    await until(program.said('stdout', /^SELL 0\.5\d* ETHUSDT 2600/m), () =>
      trigger('order.filled', { symbol: 'ETHUSDT', side: 'SELL', qty: '0.5', price: '2600' }),
    );
    await stopped(program);
  },

  async 'exactly-once.mjs'(runtime) {
    const env = { STATE: join(folder, `fills-${runtime}.json`), API_KEY: DEMO2 };
    const fill = () => trigger('order.filled', { account: 'demo2', qty: '0.01' });
    const first = start('exactly-once.mjs', runtime, env);
    await first.said('stderr', /^quiet: /m);
    for (let n = 0; n < 2; n++) await fill();
    await first.said('stdout', /^2 fills/m);
    await stopped(first);
    // While nobody reads: the bot gets them when it comes back. One that it had told of and not yet kept, it is given again.
    for (let n = 0; n < 3; n++) await fill();
    const again = start('exactly-once.mjs', runtime, env);
    await again.said('stdout', /^5 fills/m);
    await fill();
    await again.said('stdout', /^6 fills: \{"BTCUSDT":0\.06\d*\}$/m);
    await Bun.sleep(200);
    const { fills, gaps } = JSON.parse(readFileSync(env.STATE, 'utf8')) as { fills: number; gaps: number };
    expect({ fills, gaps }).toEqual({ fills: 6, gaps: 0 });
    await stopped(again);
  },

  async 'no-gap-handover.mjs'(runtime) {
    const program = start('no-gap-handover.mjs', runtime, { HANDOVER_EVERY_MS: '700' });
    await until(program.said('stdout', /^handed over 2 times, by 1 connection/m), () => trigger('order.canceled'));
    const stdout = await stopped(program);
    const positions = [...stdout.matchAll(/^\w+:(\d+) \w/gm)].map(([, sequence]) => Number(sequence));
    expect(positions.length).toBeGreaterThan(2);
    expect(positions).toEqual(positions.map((_, index) => (positions[0] ?? 0) + index));
    expect(stdout).not.toContain('GAP');
  },

  async 'isolated-margin.mjs'(runtime) {
    const program = start('isolated-margin.mjs', runtime, { TOKEN_VALIDITY_MS: '4000' });
    await program.said('stdout', /^renewed, until /m);
    for (const scope of ['isolated:BTCUSDT', 'isolated:ETHUSDT', 'margin']) {
      const symbol = scope.split(':')[1] ?? 'BTCUSDT';
      await trigger('order.filled', { scope, symbol });
      await program.said('stdout', new RegExp(`^${scope}: BUY \\S+ ${symbol} FILLED$`, 'm'));
    }
    expect(await stopped(program)).not.toContain('GAP');
  },

  async 'quiet-or-dead.mjs'(runtime) {
    const own = await startServer('dev', [], { command: UNLAUNCHED });
    const program = start('quiet-or-dead.mjs', runtime, { LISTENPOST_URL: own.urls.http });
    await program.said('stdout', /^quiet: the connection.* answers?; last event never/m);
    await trigger('order.filled', {}, own.urls.admin);
    await program.said('stdout', /^live: events come/m);
    own.program.kill('SIGTERM');
    await program.said('stdout', /^dead: /m);
    expect((await own.program.ended()).code).toBe(0);
    await stopped(program);
  },

  async 'snapshot-join.mjs'(runtime) {
    await trigger('order.filled', { symbol: 'BTCUSDT', qty: '0.02' });
    const program = start('snapshot-join.mjs', runtime, {});
    await program.said('stdout', /^snapshot .*BTCUSDT BOTH 0\.\d+/m);
    await trigger('order.filled', { symbol: 'SOLUSDT', qty: '3' });
    await program.said('stdout', /^ACCOUNT_UPDATE .*BTCUSDT BOTH 0\.\d+.*SOLUSDT BOTH 3$/m);
    expect(count(await stopped(program), /^snapshot/gm)).toBe(1);
  },

  async 'relay.mjs'(runtime) {
    const own = await startServer('dev', [], { command: UNLAUNCHED });
    const relay = () => {
      const upstream = { UPSTREAM_URL: urls.http, UPSTREAM_RESUMES: 'yes', PRODUCT: 'coinm' };
      return start('relay.mjs', runtime, {
        ...upstream,
        ADMIN_URL: own.urls.admin,
        STATE: join(folder, `relay-${runtime}`),
      });
    };
    const bots: Program[] = [];
    for (let n = 0; n < 2; n++) {
      const bot = new Program(['watch', '--json', '--product', 'coinm', '--url', own.urls.http]);
      await bot.said('stdout', /"verdict":"quiet"/);
      bots.push(bot);
    }
    const fill = () => trigger('order.filled', { product: 'coinm' });
    const first = relay();
    await until((bots[0] as Program).said('stdout', /"X":"FILLED"/), fill);
    await stopped(first);
    await fill();
    const second = relay();
    await second.said('stderr', /upstream (quiet|live)/);
    await fill();

    const upstream = await journal(urls.admin);
    await until(
      Promise.all(bots.map((bot) => bot.said('stdout', new RegExp(`"X":"FILLED","i":${upstream.at(-1)},`)))),
      async () => {},
    );
    await stopped(second);
    // What the relay brought is the end of what the venue had since it began, each once and in order.
    const brought = await journal(own.urls.admin);
    expect(brought.length).toBeGreaterThanOrEqual(9);
    expect(brought).toEqual(upstream.slice(-brought.length));
    for (const bot of bots) {
      const lines = (await stopped(bot))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.filter(({ event }) => event !== undefined).map(({ event }) => orderOf(event))).toEqual(brought);
    }
    own.program.kill('SIGTERM');
    expect((await own.program.ended()).code).toBe(0);
  },
};

/** What tells events of the journal apart here: the order, or what stands for the account. */
const orderOf = (event: { readonly e: string; readonly E: number; readonly o?: { readonly i: number } }): unknown =>
  event.o?.i ?? event.E;

async function journal(admin: string): Promise<unknown[]> {
  const response = await fetch(`${admin}/admin/v1/streams/demo/coinm/events?limit=1000`);
  const { events } = (await response.json()) as { events: { event: Parameters<typeof orderOf>[0] }[] };
  return events.map(({ event }) => orderOf(event));
}

describe('examples', () => {
  test('are all run here', () => {
    expect(
      readdirSync(EXAMPLES)
        .filter((name) => name.endsWith('.mjs'))
        .sort(),
    ).toEqual(Object.keys(SHOWS).sort());
  });

  test('print-fills.mjs is the program of the README, and relay.mjs has a hundred lines', () => {
    const code = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8');
    const program = code('print-fills.mjs').slice(code('print-fills.mjs').indexOf('import '));
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`\`\`\`js\n${program}\`\`\``);
    expect(code('relay.mjs').trimEnd().split('\n').length).toBeLessThanOrEqual(100);
  });

  for (const [name, shows] of Object.entries(SHOWS)) test(`${name} on Bun`, () => shows('bun'));

  for (const name of ['print-fills.mjs', 'exactly-once.mjs', 'relay.mjs']) {
    test(`${name} on Node`, () => (SHOWS[name] as (runtime: Runtime) => Promise<void>)('node'));
  }
});
