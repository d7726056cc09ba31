/**
 * Makes what users of the testkit install out of `packages/testkit`: its modules as JavaScript with their types, and the server
 * as one file for Bun with everything inside but the console's page, which lies beside it. The workspace imports TypeScript and needs none of this.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from './packing.mjs';
import { bunBinary, packageBin, ROOT } from './toolchain.mjs';

const TESTKIT = join(ROOT, 'packages', 'testkit');

/** Builds the package into `folder`, which is emptied before. */
export function buildTestkit(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const project = join(TESTKIT, 'tsconfig.pack.json');
  outputOf(process.execPath, [packageBin('typescript', 'tsc'), '-p', project, '--outDir', folder], ROOT);
  const server = [
    ...['build', join(TESTKIT, 'src', 'server.ts'), '--target=bun', '--minify-syntax', '--minify-whitespace'],
    // With the files of the console's page, to which its own are beside it.
    ...[`--outdir=${folder}`, '--entry-naming=[name].[ext]'],
  ];
  outputOf(bunBinary(), server, ROOT);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  copyFileSync(join(TESTKIT, 'README.md'), join(folder, 'README.md'));
}

/** The workspace's manifest with its entries as built. */
function manifest() {
  const { exports, dependencies, peerDependencies, ...rest } = JSON.parse(
    readFileSync(join(TESTKIT, 'package.json'), 'utf8'),
  );
  // The command's alone: it needs the server beside it.
  const { './conformance': _, ...published } = exports;
  const built = (source) => source.replace('./src/', './').replace(/\.ts$/, '');
  return {
    ...rest,
    exports: {
      ...Object.fromEntries(
        Object.entries(published).map(([name, source]) => [
          name,
          { types: `${built(source)}.d.ts`, default: `${built(source)}.js` },
        ]),
      ),
      './package.json': './package.json',
    },
    dependencies: { bun: dependencies.bun },
    peerDependencies,
    peerDependenciesMeta: { vitest: { optional: true } },
  };
}
