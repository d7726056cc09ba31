/** `npm run screenshots`: takes the console's pictures for the documents anew, by the test that looks at every view. */
import './node-version.mjs';
import { become, installMissing, runScript } from './toolchain.mjs';

await runScript(() => {
  installMissing();
  process.env.LISTENPOST_SCREENSHOTS = '1';
  become(process.execPath, ['--test', '--test-reporter=spec', 'tests/compat/console-views.test.mjs']);
});
