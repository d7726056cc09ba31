/** `npm run docs`: pages of the SDK's public API, in `docs/api/html`. */
import './node-version.mjs';
import { typedocCommand } from './api-docs.mjs';
import { become, installMissing, runScript } from './toolchain.mjs';

await runScript(() => {
  installMissing();
  const [command, ...args] = typedocCommand([]);
  become(command, args);
});
