/** `npm run format [-- PATH …]`: lays out and sorts imports in the files named, or in all. */
import './node-version.mjs';
import { become, installMissing, packageBin, runScript } from './toolchain.mjs';

await runScript(() => {
  installMissing();
  const paths = process.argv.slice(2);
  const biome = packageBin('@biomejs/biome', 'biome');
  become(process.execPath, [biome, 'check', '--write', ...(paths.length > 0 ? paths : ['.'])]);
});
