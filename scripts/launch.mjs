/**
 * `node scripts/launch.mjs ENTRY …arguments`: runs an entry of the repository with Bun, on a clone where nothing but
 * Node and npm may be there yet. stdout belongs to the entry alone.
 */
import './node-version.mjs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { become, bunBinary, installMissing, ROOT, runScript } from './toolchain.mjs';

/**
 * Without --no-orphans a launcher that is killed outright leaves the server holding its ports; a `.env` or a package
 * fetched on the fly would make the same command mean different things in different folders.
 */
const BUN_FLAGS = ['--no-orphans', '--no-env-file', '--no-install'];

/** `entry` is relative to the repository; relative paths among `args` stay relative to where the user stands. */
export function launch(entry, args) {
  return runScript(() => {
    installMissing();
    become(bunBinary(), [...BUN_FLAGS, resolve(ROOT, entry), ...args]);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [entry, ...args] = process.argv.slice(2);
  await launch(entry, args);
}
