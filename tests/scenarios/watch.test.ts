import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endPrograms, Program, startServer, UNLAUNCHED, type Urls } from './program.ts';

/** Of a test that starts several programs on a busy machine. */
setDefaultTimeout(30_000);

let folder: string;
let dev: Program;
let urls: Urls;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-watch-'));
  ({ program: dev, urls } = await startServer('dev', [], { command: UNLAUNCHED }));
});

afterAll(async () => {
  dev.kill('SIGTERM');
  await dev.ended();
  endPrograms();
  rmSync(folder, { recursive: true });
});

const watching = (...args: string[]) => new Program(['watch', '--url', urls.http, ...args]);

const runWith = (env: readonly string[], args: readonly string[]) =>
  Program.run(['watch', ...args], { command: ['env', ...env, ...UNLAUNCHED] });

async function trigger(scenario: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const body = JSON.stringify({ account: 'demo', ...parameters });
  const response = await fetch(`${urls.admin}/admin/v1/trigger/${scenario}`, { method: 'POST', body });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

async function left(program: Program): Promise<string> {
  program.kill('SIGINT');
  const { code, stdout, stderr } = await program.ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('for eyes', () => {
  test('shows a verdict, a line an event, and leaves cleanly at Ctrl-C', async () => {
    const program = watching('--account', 'demo2');
    await program.said(
      'stdout',
      /^[\d:.]{12} {2}QUIET +the connection.* \| listenKey (?:59|1:00):\d\d \| 1 connection/m,
    );
    await trigger('order.filled', { account: 'demo2', symbol: 'ETHUSDT', side: 'SELL' });
    await program.said('stdout', /^[\d:.]{12} {2}LIVE +events come/m);
    await program.said(
      'stdout',
      /ORDER_TRADE_UPDATE ETHUSDT +SELL LIMIT \S+ @2500\.00 FILLED last .* fee \S+ USDT #\d+$/m,
    );
    const stdout = await left(program);
    expect(stdout).toMatch(/ACCOUNT_UPDATE +ORDER USDT \S+ ETHUSDT BOTH -\S+ @2500/);
    expect(stdout).not.toContain('\u001b');
  });

  test('names the account of each line where several are read by token', async () => {
    const program = watching('--product', 'margin', '--cross', '--symbols', 'BTCUSDT,ETHUSDT');
    await program.said('stdout', /QUIET .*listenToken 23:59:\d\d/);
    await trigger('order.filled', { scope: 'isolated:ETHUSDT' });
    await program.said('stdout', /executionReport +isolated:ETHUSDT ETHUSDT .*FILLED/);
    await trigger('transfer', { scope: 'margin' });
    await program.said('stdout', /balanceUpdate +\w+ \d/);
    await left(program);
  });

  test('is coloured in a pipe when that is asked for', async () => {
    const program = new Program(['watch', '--url', urls.http], { command: ['env', 'FORCE_COLOR=1', ...UNLAUNCHED] });
    await program.said('stdout', /\u001b\[34mQUIET/);
    await left(program);
  });

  test('says what may be missing when a server without its events comes back', async () => {
    const first = await startServer('dev', [], { command: UNLAUNCHED });
    const program = new Program(['watch', '--url', first.urls.http]);
    await program.said('stdout', /QUIET/);
    first.program.kill('SIGKILL');
    await program.said('stdout', /DEAD +.*trying again in/);
    const port = new URL(first.urls.http).port;
    const second = new Program(['dev', '--port', port, '--tls-port', '0', '--admin-port', '0']);
    await program.said('stdout', /GAP +events may be missing from .*: closed by the venue/);
    await left(program);
    second.kill('SIGTERM');
    expect((await second.ended()).code).toBe(0);
  });
});

describe('for programs', () => {
  const records = (stdout: string): Record<string, unknown>[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test('--json has an event a line with its place, and a place is where another goes on', async () => {
    const program = watching('--json', '--product', 'coinm');
    await program.said('stdout', /"verdict":"quiet"/);
    await trigger('order.filled', { product: 'coinm' });
    await program.said('stdout', /"X":"FILLED"/);
    const events = records(await left(program)).filter(({ event }) => event !== undefined);
    expect(events.map(({ event }) => (event as { e: string }).e)).toEqual([
      'ORDER_TRADE_UPDATE',
      'ACCOUNT_UPDATE',
      'ORDER_TRADE_UPDATE',
    ]);
    for (const { scope, receivedAt } of events)
      expect({ scope, receivedAt }).toEqual({ scope: 'coinm', receivedAt: expect.any(Number) });
    const [first, ...others] = events.map(({ position }) => position as string);
    expect(first).toEndWith(':1');

    const again = watching('--json', '--product', 'coinm', '--from', String(first));
    await again.said('stdout', /"X":"FILLED"/);
    const replayed = records(await left(again)).filter(({ event }) => event !== undefined);
    expect(replayed.map(({ position }) => position as string)).toEqual(others);
  });

  test('--cursor goes on where the last watch stopped, with nothing twice', async () => {
    const args = ['--json', '--product', 'pm', '--cursor', join(folder, 'cursors')];
    const program = watching(...args);
    await program.said('stdout', /"verdict":"quiet"/);
    await trigger('order.canceled', { product: 'pm' });
    await program.said('stdout', /"X":"CANCELED"/);
    await left(program);
    await trigger('order.filled', { product: 'pm' });
    const again = watching(...args);
    await again.said('stdout', /"X":"FILLED"/);
    const events = records(await left(again)).filter(({ event }) => event !== undefined);
    expect(events).toHaveLength(3);
    expect(events[0]?.['position']).toEndWith(':3');
  });

  test('a reader that has seen enough ends it quietly', async () => {
    const command = ['bash', '-c', 'set -o pipefail; "$@" | head -n 1; echo $?', 'bash', ...UNLAUNCHED] as const;
    const program = new Program(['watch', '--url', urls.http, '--json', '--product', 'options'], { command });
    await program.said('stdout', /"status"/);
    await trigger('order.filled', { product: 'options' });
    const { stdout, stderr } = await program.ended();
    expect({ last: stdout.trim().split('\n').at(-1), stderr }).toEqual({ last: '0', stderr: '' });
  });

  test('reads Spot by a secret from a file, and tells of one in the command line', async () => {
    const [apiKey, secret] = ['demoHmacKey0'.repeat(6).slice(0, 64), 'demoHmacSecret0'.repeat(5).slice(0, 64)];
    const file = join(folder, 'secret');
    writeFileSync(file, `${secret}\n`);
    const careful = watching('--product', 'spot', '--api-key', apiKey, '--secret-file', file);
    await careful.said('stdout', /QUIET/);
    await left(careful);
    const careless = watching('--product', 'spot', '--api-key', apiKey, '--secret', secret);
    await careless.said('stdout', /QUIET/);
    careless.kill('SIGTERM');
    const { code, stderr } = await careless.ended();
    expect(code).toBe(0);
    expect(stderr).toContain('prefer LISTENPOST_API_SECRET');
    expect(stderr).not.toContain(secret);
  });
});

describe('what cannot be watched', () => {
  test('is said before anything is opened, with the flag that mends it', async () => {
    const key = ['--api-key', 'k'.repeat(64)];
    const asked: readonly (readonly [readonly string[], string])[] = [
      [['--venue', 'production'], '--venue production needs an API key of yours: give LISTENPOST_API_KEY or --api-key'],
      [['--product', 'spot', ...key], '--secret-file or --private-key: spot is read by signed requests'],
      [['--symbols', 'BTCUSDT'], '--symbols, --cross: usdm has one account for all symbols; leave them out'],
      [['--sbe'], '--sbe: usdm streams speak JSON alone'],
      [['--from', 'yesterday'], '--from: expected "latest", a position such as "e1:42", or the `cursor` of a stream'],
      [
        [...key, '--private-key', join(folder, 'none.pem')],
        `${join(folder, 'none.pem')}: there is no such file or folder`,
      ],
    ];
    for (const [args, said] of asked) {
      const { code, stderr } = await Program.run(['watch', ...args]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: `listenpost: ${said}\n` });
    }
  });

  test('a flag with a value that is none is refused', async () => {
    for (const args of [
      ['--symbols', 'BTCUSDT,'],
      ['--handover-after', 'soon'],
      ['--product', 'isolated'],
    ]) {
      expect((await Program.run(['watch', ...args])).code).toBe(2);
    }
  });

  test('a server that is not there, and a key that it does not know', async () => {
    const none = await Program.run(['watch', '--url', 'http://127.0.0.1:9']);
    expect({ code: none.code, stderr: none.stderr }).toEqual({
      code: 1,
      stderr: 'listenpost: nothing listens at http://127.0.0.1:9; start it with: npm start\n',
    });
    const stranger = await runWith([`LISTENPOST_API_KEY=${'x'.repeat(64)}`], ['--url', urls.http]);
    expect(stranger.code).toBe(1);
    expect(stranger.stderr).toMatch(/^listenpost: .*\(code -20\d\d, status 401\)\n$/);
  });
});
