/** `npm run pack:client`: makes the SDK's package in `packages/client/dist` and looks at it as its users' tools will. */
import './node-version.mjs';
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packClient } from './client-package.mjs';
import { lintPackage } from './packing.mjs';
import { installMissing, ROOT, runScript } from './toolchain.mjs';

await runScript(async () => {
  installMissing();
  const tarball = await packClient(join(ROOT, 'packages', 'client', 'dist'));
  lintPackage(tarball);
  process.stdout.write(`${relative(ROOT, tarball)} (${statSync(tarball).size} bytes): publint and attw find nothing\n`);
});
