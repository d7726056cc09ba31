/** The SDK as its users get it: packed, installed into an empty project, and run, compiled and bundled there. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lintPackage, outputOf } from '../../scripts/packing.mjs';
import { bunBinary, packageBin } from '../../scripts/toolchain.mjs';
import { installedProject, run } from './client-user/project.mjs';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { plainUrl, restUrl, trigger } from './dev-server.mjs';

const { project, tarball } = await installedProject();

const installed = (...path) => join(project, 'node_modules', '@listenpost', 'client', ...path);
const manifest = () => JSON.parse(readFileSync(installed('package.json'), 'utf8'));

describe('the package', () => {
  test('passes publint and attw', () => lintPackage(tarball));

  test('asks for ws and nothing else', () => {
    assert.deepEqual(Object.keys(manifest().dependencies), ['ws']);
    assert.deepEqual(
      readdirSync(join(project, 'node_modules'))
        .filter((name) => !name.startsWith('.'))
        .sort(),
      ['@listenpost', '@types', 'ws'],
    );
  });

  test('names no package that is not published', () => {
    const files = readdirSync(installed()).filter((name) => /\.(js|d\.ts)$/.test(name));
    const foreign = files.flatMap((name) => importsOf(readFileSync(installed(name), 'utf8')));
    assert.deepEqual([...new Set(foreign.filter((specifier) => !/^(\.\/|node:|ws$)/.test(specifier)))], []);
  });

  test('has no path of this machine in its source maps', () => {
    const maps = readdirSync(installed()).filter((name) => name.endsWith('.js.map'));
    const sources = maps.flatMap((name) => JSON.parse(readFileSync(installed(name), 'utf8')).sources);
    assert.ok(sources.includes('packages/client/src/user-data-stream.ts'));
    assert.deepEqual(
      sources.filter((source) => !/^packages\/(client|protocol)\/src\//.test(source)),
      [],
    );
  });
});

/** Of `import`, `export … from` and `import()`, also in types. */
function importsOf(text) {
  return [...text.matchAll(/^(?:import|export)\b[^;'"]*['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm)].map(
    ([, from, called]) => from ?? called,
  );
}

const hmac = { apiKey: HMAC_KEY.apiKey, secret: HMAC_KEY.apiSecret };

/** Each kind of grant and of API key, over http and over TLS that is trusted by NODE_EXTRA_CA_CERTS. */
const STREAMS = [
  { name: 'USDⓈ-M by listenKey', options: { product: 'usdm', apiKey: hmac.apiKey, url: plainUrl } },
  { name: 'USDⓈ-M by listenKey, over TLS', options: { product: 'usdm', apiKey: hmac.apiKey, url: restUrl } },
  { name: 'Spot by HMAC, over TLS', options: { product: 'spot', ...hmac, url: restUrl } },
  { name: 'Spot by Ed25519', options: { product: 'spot', ...ED25519_KEY, url: plainUrl } },
  { name: 'margin by listenToken, over TLS', options: { product: 'margin', apiKey: hmac.apiKey, url: restUrl } },
  { name: 'Spot in SBE, over TLS', options: { product: 'spot', ...hmac, url: restUrl, format: 'sbe' } },
];

const RUNTIMES = [
  { runtime: `Node ${process.versions.node}`, command: () => process.execPath },
  { runtime: 'Bun', command: bunBinary },
];

for (const { runtime, command } of RUNTIMES) {
  describe(`a user's program on ${runtime} reads`, () => {
    for (const { name, options } of STREAMS) {
      test(name, async () => {
        const lines = await run(command(), ['read.mjs', JSON.stringify(options)], project, async (line) => {
          if (line === 'listening') await trigger('order.filled', options.product);
        });
        const events = lines.filter((line) => line !== 'listening').map(({ event }) => event);
        const orders = events.map((event) => event.o?.X ?? event.X).filter((status) => status !== undefined);
        assert.deepEqual([orders.at(0), orders.at(-1)], ['NEW', 'FILLED']);
        const positions = lines.filter((line) => line !== 'listening').map(({ position }) => position);
        if (options.format === 'sbe') assert.deepEqual(new Set(positions), new Set([undefined]));
        else assert.deepEqual(positions, consecutive(positions[0], positions.length));
      });
    }
  });
}

/** So many positions from this one on: nothing was left out between them. */
function consecutive(first, count) {
  const [epoch, sequence] = first.split(':');
  return Array.from({ length: count }, (_, index) => `${epoch}:${Number(sequence) + index}`);
}

describe('a user’s TypeScript', () => {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2022', 'types.ts'];
  const compile = (tsc, ...options) => outputOf(process.execPath, [tsc, ...options, ...strict], project);
  const tsc = packageBin('typescript', 'tsc');
  const node16 = ['--module', 'node16', '--moduleResolution', 'node16', '--types', 'node'];
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--types', 'node'];

  test('is told events apart with moduleResolution node16', () => compile(tsc, ...node16));
  test('is told events apart with moduleResolution bundler', () => compile(tsc, ...bundler));
  test('is told events apart by the older compiler', () => {
    compile(packageBin('@typescript/typescript6', 'tsc6'), ...node16, '--skipLibCheck');
  });

  test('finds the types of a page where it is compiled for browsers', () => {
    compile(tsc, ...bundler, '--customConditions', 'browser', '--lib', 'es2022,dom,esnext.disposable', '--types', '');
  });
});

describe('a user’s bundle', () => {
  /** What only the tables of SBE say. */
  const SBE_WORDS = ['templateId', 'OutboundAccountPositionEvent', 'NON_REPRESENTABLE'];
  const wordsIn = (text) => SBE_WORDS.filter((word) => text.includes(word));
  const bundled = (...args) => outputOf(bunBinary(), ['build', '--target=node', '--minify', ...args], project);

  test('has no schema of SBE where it reads JSON', (t) => {
    const [json, both] = [bundled('json-alone.mjs'), bundled('read.mjs')];
    t.diagnostic(`bytes, minified, ws included: ${json.length} for JSON, ${both.length} with SBE`);
    assert.deepEqual(wordsIn(json), []);
    assert.deepEqual(wordsIn(both), SBE_WORDS);
  });

  test('has neither by another bundler', async () => {
    const { rollup } = await import('rollup');
    const resolveId = (specifier) => (specifier === '@listenpost/client' ? installed('index.js') : null);
    const bundle = await rollup({
      input: join(project, 'json-alone.mjs'),
      external: (specifier) => specifier === 'ws' || specifier.startsWith('node:'),
      plugins: [{ name: 'installed', resolveId }],
    });
    const { output } = await bundle.generate({ format: 'es' });
    assert.deepEqual(wordsIn(output.map(({ code }) => code).join('')), []);
  });
});
