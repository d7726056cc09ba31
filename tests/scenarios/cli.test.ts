import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrMakeLocalCa } from '../../packages/server/src/tls/local-ca.ts';
import { type Ended, endPrograms, Program, startServer, type Urls } from './program.ts';

/** Of a test that starts many programs on a busy machine. */
setDefaultTimeout(30_000);

/** Each is a file of its name. */
const COMMANDS = join(import.meta.dirname, '../../packages/server/src/commands');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-cli-'));
});

afterAll(() => {
  endPrograms();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('usage', () => {
  test('--help names every command, on stdout', async () => {
    const { code, stdout, stderr } = await Program.run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const files = readdirSync(COMMANDS).filter((name) => name.endsWith('.ts'));
    const commands = files.filter((name) =>
      /^export function add\w+Command\(/m.test(readFileSync(join(COMMANDS, name), 'utf8')),
    );
    const list = stdout.match(/^Commands:\n([\s\S]*?)\n\n/m)?.[1] ?? '';
    const named = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => `${name}.ts`);
    expect(named.sort()).toEqual(commands.sort());
    expect(stdout).toContain('Examples:');
  });

  test('--version prints the version alone', async () => {
    const { code, stdout } = await Program.run(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('an unknown command and an unknown flag are refused with what was meant', async () => {
    const slips = [['publsh'], ['dev', '--prot', '1'], ['clock', 'freze']];
    const ended = await Promise.all(slips.map((args) => Program.run(args)));
    expect(ended.map(({ code }) => code)).toEqual([2, 2, 2]);
    const [command, flag, subcommand] = ended as [Ended, Ended, Ended];
    expect(command.stderr).toContain('Did you mean publish?');
    expect(flag.stderr).toContain('Did you mean --port?');
    expect(subcommand.stderr).toContain('Did you mean freeze?');
  });

  test('a command without a server says what to start', async () => {
    const { code, stderr } = await Program.run(['keys', '--admin', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(stderr).toBe('listenpost: nothing listens at http://127.0.0.1:9; start it with: npm start\n');
  });
});

describe('a bad start', () => {
  test('a bad config names every bad value, exits 2 and starts nothing', async () => {
    const config = file('bad.json', {
      accounts: [{ id: 'no spaces', apiKeys: [] }],
      validation: 'strickt',
      journal: { commit: 'sometimes' },
    });
    const data = join(folder, 'never-made');
    const { code, stdout, stderr } = await Program.run(['serve', '--config', config, '--data', data]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toStartWith(`listenpost: ${config}: 3 problems\n`);
    for (const path of ['accounts[0].id', 'validation', 'journal.commit']) expect(stderr).toContain(`  ${path}: `);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(folder)).not.toContain('never-made');
  });

  test('serve without a config says that it needs one', async () => {
    const { code, stderr } = await Program.run(['serve']);
    expect(code).toBe(2);
    expect(stderr).toContain('--config');
  });

  test('a TLS port that another server is willing to share is in use all the same', async () => {
    const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', reusePort: true, fetch: () => new Response() });
    const { port } = taken;
    const { code, stderr } = await Program.run(['dev', '--port', '0', '--tls-port', `${port}`, '--admin-port', '0']);
    await taken.stop(true);
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} is in use by another program; choose another with --tls-port`);
  });

  test('a port in use is one sentence that names the flag', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as { port: number };
    const { code, stdout, stderr } = await Program.run([
      'dev',
      '--port',
      `${port}`,
      '--tls-port',
      '0',
      '--admin-port',
      '0',
    ]);
    taken.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `listenpost: port ${port} is in use by another program; choose another with --port (0 picks a free one)\n`,
    );
  });

  test('a certificate that is none is one sentence that names both files', async () => {
    const [config, cert] = [file('no-tls.json', { accounts: [] }), file('none.pem', 'no certificate')];
    const tls = ['--tls-cert', cert, '--tls-key', cert, '--tls-port', '0', '--port', '0', '--admin-port', '0'];
    const ended = await Program.run(['serve', '--config', config, '--data', join(folder, 'no-tls'), ...tls]);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: '' });
    expect(ended.stderr).toBe(`listenpost: ${cert} (--tls-cert) and ${cert} (--tls-key) are not both PEM\n`);
  });
});

describe('dev', () => {
  let program: Program;
  let urls: Urls;
  const admin = () => ['--admin', urls.admin];

  beforeAll(async () => {
    ({ program, urls } = await startServer('dev'));
  });

  test('its first screen has the addresses, the demo keys, the certificate, and the two lines to paste', async () => {
    await program.said('stderr', /listenpost trigger order\.filled --admin /);
    for (const pattern of [/demoHmacKey0/, /^export NODE_EXTRA_CA_CERTS=\S+\.pem$/m, /listenpost listen --url /]) {
      await program.said('stderr', pattern);
    }
    expect(urls.https).toStartWith('https://');
    await program.said('stderr', new RegExp(`${urls.http} .*${urls.admin}`, 's'));
  });

  test('the two lines show an event, and time moves by command', async () => {
    const listener = new Program(['listen', '--url', urls.http, '--account', 'demo2']);
    await listener.said('stderr', /^listening to usdm/m);
    const triggered = await Program.run(['trigger', 'order.filled', '--account', 'demo2', ...admin()]);
    expect(JSON.parse(triggered.stdout)).toMatchObject({ scenario: 'order.filled', events: 4 });
    await listener.said(
      'stdout',
      /^\{"e":"ORDER_TRADE_UPDATE".*\n\{"e":"TRADE_LITE".*\n\{"e":"ACCOUNT_UPDATE".*\n\{"e":"ORDER/m,
    );

    const keys = (await Program.run(['keys', ...admin(), '--account', 'demo2'])).stdout.trim().split('\n');
    expect(keys.map((row) => JSON.parse(row))).toMatchObject([{ account: 'demo2', scope: 'usdm', subscriptions: 1 }]);

    const { code, stdout } = await Program.run(['clock', 'advance', '61m', ...admin()]);
    expect({ code, frozen: JSON.parse(stdout).frozen }).toEqual({ code: 0, frozen: false });
    await listener.said('stdout', /"e":"listenKeyExpired"/);
    await listener.said('stderr', /going on with a new one\nlistening/);
    listener.kill('SIGINT');
    await listener.ended();
  });

  test('publish sends lines as they are, and names the line that the server refused', async () => {
    const event = '{"e":"ACCOUNT_CONFIG_UPDATE","E":1790000001005,"T":1790000001002,"ac":{"s":"BTCUSDT","l":20}}';
    const stream = ['--account', 'demo', '--scope', 'usdm', ...admin()];
    const sent = await Program.run(['publish', ...stream], { input: `${event}\n\n${event}\n` });
    expect(JSON.parse(sent.stdout)).toMatchObject({ accepted: 2, last: { 'demo/usdm': expect.stringMatching(/:2$/) } });

    const spread = JSON.stringify({ account: 'demo', scope: 'usdm', event: JSON.parse(event) }, null, 2);
    const one = await Program.run(['publish', file('one.json', spread), ...admin()]);
    expect(JSON.parse(one.stdout).accepted).toBe(1);

    const bad = file('bad.ndjson', `${event}\n\n{"e":"ACCOUNT_CONFIG_UPDATE"}\n`);
    const refused = await Program.run(['publish', bad, ...stream]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toStartWith(`listenpost: ${bad} line 3: `);
    expect(refused.stderr).toContain('0 events are published, none from line 1 on');
  });

  test('publish --producer sends the same again without storing it twice', async () => {
    const event = '{"e":"ACCOUNT_CONFIG_UPDATE","E":1790000001005,"T":1790000001002,"ac":{"s":"BTCUSDT","l":20}}';
    const args = ['publish', '--producer', 'engine-1', '--account', 'demo2', '--scope', 'coinm', ...admin()];
    const first = await Program.run(args, { input: `${event}\n` });
    const again = await Program.run(args, { input: `${event}\n${event}\n` });
    expect(JSON.parse(first.stdout).last['demo2/coinm']).toEndWith(':1');
    expect(JSON.parse(again.stdout)).toMatchObject({
      duplicates: 1,
      last: { 'demo2/coinm': expect.stringMatching(/:2$/) },
    });
  });

  test('a refused trigger and a refused key are sentences of the server', async () => {
    const [scenario, key] = await Promise.all([
      Program.run(['trigger', 'order.fild', ...admin()]),
      Program.run(['keys', 'end', 'k999', ...admin()]),
    ]);
    expect([scenario.code, key.code]).toEqual([1, 1]);
    expect(scenario.stderr).toContain('order.filled');
    expect(key.stderr).toContain('k999');
  });

  test('keys end closes a key', async () => {
    const start = { method: 'POST', headers: { 'x-mbx-apikey': 'demoHmacKey0'.repeat(6).slice(0, 64) } };
    await fetch(`${urls.http}/papi/v1/listenKey`, start);
    const listed = (await Program.run(['keys', '--account', 'demo', ...admin()])).stdout.trim().split('\n');
    const pm = listed.map((row) => JSON.parse(row)).find(({ scope }) => scope === 'pm');
    expect((await Program.run(['keys', 'end', pm.id, ...admin()])).code).toBe(0);
    expect((await Program.run(['keys', '--account', 'demo', ...admin()])).stdout).not.toContain('"pm"');
  });

  test('SIGTERM ends it with 0, and stdout held one line', async () => {
    program.kill('SIGTERM');
    const { code, stdout } = await program.ended();
    expect(code).toBe(0);
    expect(stdout).toBe(`listenpost ready ${JSON.stringify(urls)}\n`);
  });
});

describe('serve', () => {
  test('keeps events in its data folder, which journal verify and inspect read after SIGTERM', async () => {
    const config = file('serve.json', {
      accounts: [{ id: 'alice', apiKeys: [{ apiKey: 'a'.repeat(64), type: 'HMAC', secret: 's'.repeat(64) }] }],
    });
    const data = join(folder, 'served');
    const { program, urls } = await startServer('serve', ['--config', config, '--data', data]);
    expect(urls.https).toBeNull();
    const event = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1790000001005, T: 1790000001002, ac: { s: 'BTCUSDT', l: 20 } };
    const line = JSON.stringify({ account: 'alice', scope: 'usdm', event });
    const sent = await Program.run(['publish', '--admin', urls.admin], { input: `${line}\n${line}\n` });
    expect(JSON.parse(sent.stdout).accepted).toBe(2);
    const trigger = await Program.run(['trigger', 'order.filled', '--admin', urls.admin]);
    expect({ code: trigger.code, said: trigger.stderr }).toEqual({
      code: 1,
      said: expect.stringContaining('listenpost dev'),
    });
    program.kill('SIGTERM');
    expect((await program.ended()).code).toBe(0);

    const verified = await Program.run(['journal', 'verify', join(data, 'journal')]);
    expect({ code: verified.code, stderr: verified.stderr }).toEqual({ code: 0, stderr: '' });
    const inspected = await Program.run([
      'journal',
      'inspect',
      join(data, 'journal'),
      '--stream',
      'alice/usdm',
      '--from',
      '2',
    ]);
    expect(inspected.stdout.trim().split('\n')).toHaveLength(1);
    expect(inspected.stdout).toContain(JSON.stringify(event));

    const segment = readdirSync(join(data, 'journal')).find((name) => name.endsWith('.log')) ?? '';
    const bytes = readFileSync(join(data, 'journal', segment));
    bytes.writeUInt8(bytes.readUInt8(bytes.indexOf('BTCUSDT')) ^ 1, bytes.indexOf('BTCUSDT'));
    writeFileSync(join(data, 'journal', segment), bytes);
    const damaged = await Program.run(['journal', 'verify', data]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(new RegExp(`^${segment} at byte \\d+: `, 'm'));
    expect(damaged.stderr).toMatch(/^listenpost: \d+ places? not as written\n$/);
  });

  test('SIGHUP reloads the certificate, and a bad one leaves the one before in use', async () => {
    const config = file('tls.json', { accounts: [] });
    const { cert, key } = await loadOrMakeLocalCa(join(folder, 'ca'), []);
    const [certFile, keyFile] = [file('cert.pem', cert), file('key.pem', key)];
    const tls = ['--tls-port', '0', '--tls-cert', certFile, '--tls-key', keyFile];
    const { program, urls } = await startServer('serve', ['--config', config, '--data', join(folder, 'tls'), ...tls]);
    expect(urls.https).toStartWith('https://');
    program.kill('SIGHUP');
    await program.said('stderr', /certificate reloaded/);
    rmSync(certFile);
    program.kill('SIGHUP');
    await program.said('stderr', /the certificate was not reloaded; the one before stays in use/);
    program.kill('SIGTERM');
    expect((await program.ended()).code).toBe(0);
  });

  test('a second signal ends it at once with 130', async () => {
    const config = file('empty.json', { accounts: [] });
    const { program, urls } = await startServer('serve', [
      '--config',
      config,
      '--data',
      join(folder, 'cut'),
      '--drain',
      '60',
    ]);
    const { port } = new URL(urls.http);
    // A client that was told `serverShutdown` is given time to go, and this one does not go.
    const silent = connect(Number(port), '127.0.0.1');
    silent.write(
      'GET /ws-api/v3 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await new Promise((answered) => silent.once('data', answered));
    program.kill('SIGTERM');
    await program.said('stderr', /"msg":"stopping: /);
    program.kill('SIGTERM');
    expect((await program.ended()).code).toBe(130);
    silent.destroy();
  });
});
