/** `npm run pack:testkit`: makes the testkit's package in `packages/testkit/dist`. */
import './node-version.mjs';
import { join, relative } from 'node:path';
import { lintPackage, tarballOf } from './packing.mjs';
import { buildTestkit } from './testkit-package.mjs';
import { installMissing, ROOT, runScript } from './toolchain.mjs';

await runScript(() => {
  installMissing();
  const folder = join(ROOT, 'packages', 'testkit', 'dist');
  buildTestkit(folder);
  const tarball = tarballOf(folder);
  lintPackage(tarball);
  process.stdout.write(`${relative(ROOT, tarball)}: passes publint and attw\n`);
});
