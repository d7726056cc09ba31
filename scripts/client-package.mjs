/**
 * Makes what users of the SDK install out of `packages/client`: JavaScript for every runtime with the protocol's tables inside,
 * its types likewise, and a manifest that leaves nothing but `ws` to install. The workspace imports TypeScript and needs none
 * of this.
 *
 * The compiler writes modules and declarations, rollup joins each kind; what `./sbe` alone needs stays in a file of its own, so
 * that nobody else carries the schema's tables.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { outputOf, tarballOf } from './packing.mjs';
import { packageBin, ROOT, SetupError } from './toolchain.mjs';

const CLIENT = join(ROOT, 'packages', 'client');
const PROTOCOL = '@listenpost/protocol';

/** The modules of `packages/client/src` that users import. */
const ENTRIES = ['index', 'browser', 'sbe'];

const isOutside = (specifier) => specifier === 'ws' || specifier.startsWith('node:');

/** Builds the package into `folder`, which is emptied before, and answers the path of the tarball that npm makes of it. */
export async function packClient(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const emitted = mkdtempSync(join(tmpdir(), 'listenpost-emitted-'));
  try {
    const tsc = packageBin('typescript', 'tsc');
    outputOf(process.execPath, [tsc, '-p', join(CLIENT, 'tsconfig.pack.json'), '--outDir', emitted], ROOT);
    await joinModules(emitted, folder);
    await joinDeclarations(emitted, folder);
  } finally {
    rmSync(emitted, { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  copyFileSync(join(CLIENT, 'README.md'), join(folder, 'README.md'));
  return tarballOf(folder);
}

/** The workspace's manifest with its entries as built. `browser` stands first, since every runtime takes what it knows first. */
function manifest() {
  const { name, version, description, keywords, type, engines, dependencies } = readJson(join(CLIENT, 'package.json'));
  const built = (entry) => ({ types: `./${entry}.d.ts`, default: `./${entry}.js` });
  return {
    name,
    version,
    description,
    keywords,
    type,
    engines,
    sideEffects: false,
    exports: {
      '.': { browser: built('browser'), ...built('index') },
      './sbe': built('sbe'),
      './package.json': './package.json',
    },
    dependencies: Object.fromEntries(
      Object.entries(dependencies).flatMap(([dependency, pinned]) =>
        dependency === PROTOCOL ? [] : [[dependency, `^${pinned}`]],
      ),
    ),
  };
}

async function joinModules(emitted, folder) {
  const plugins = [protocolAt(join(emitted, 'protocol', 'src', 'index.js')), withSourceMaps];
  await joined(entriesOf(emitted, '.js'), plugins, {
    dir: folder,
    sourcemap: true,
    sourcemapPathTransform: (path, map) =>
      relative(ROOT, resolve(dirname(map), path))
        .split(sep)
        .join('/'),
    chunkFileNames: 'chunk-[hash].js',
    minifyInternalExports: false,
  });
}

/** Imported here alone: the check of types that stands behind it takes a second to load. */
async function joinDeclarations(emitted, folder) {
  const { dts } = await import('rollup-plugin-dts');
  const plugins = [protocolAt(join(emitted, 'protocol', 'src', 'index.d.ts')), dts()];
  await joined(entriesOf(emitted, '.d.ts'), plugins, {
    dir: folder,
    chunkFileNames: 'chunk-[hash].d.ts',
    minifyInternalExports: false,
  });
}

async function joined(input, plugins, output) {
  const { rollup } = await import('rollup');
  const bundle = await rollup({
    input,
    plugins,
    external: isOutside,
    // No module of ours does anything by being imported.
    treeshake: { moduleSideEffects: false },
    onwarn: ({ message }) => {
      throw new SetupError(`packages/client cannot be joined: ${message}`);
    },
  });
  await bundle.write({ format: 'es', ...output });
  await bundle.close();
}

const entriesOf = (emitted, ending) =>
  Object.fromEntries(ENTRIES.map((entry) => [entry, join(emitted, 'client', 'src', `${entry}${ending}`)]));

const protocolAt = (path) => ({
  name: 'protocol',
  resolveId: (specifier) => (specifier === PROTOCOL ? path : null),
});

/** The compiler's source maps, which rollup joins as it joins the modules. */
const withSourceMaps = {
  name: 'source-maps',
  load: (path) => ({ code: readFileSync(path, 'utf8'), map: readJson(`${path}.map`) }),
};

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
