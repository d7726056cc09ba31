/** Who is compared, as rows. Each is used as its own documentation says; what that leaves to the user is another row. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../scripts/toolchain.mjs';

export const CLIENTS = [
  {
    id: 'sdk-usdm',
    product: 'usdm',
    package: '@listenpost/client',
    use: 'with resume, as against Listenpost',
    module: 'sdk',
    resume: true,
  },
  {
    id: 'sdk-usdm-plain',
    product: 'usdm',
    package: '@listenpost/client',
    use: 'without, as against Binance',
    module: 'sdk',
    resume: false,
  },
  {
    id: 'usdm-connector',
    product: 'usdm',
    package: '@binance/derivatives-trading-usds-futures',
    use: 'as documented, with a keepalive every 30 min',
    module: 'usdm-connector',
  },
  { id: 'ccxt', product: 'usdm', package: 'ccxt', use: '`watchOrders` in a loop', module: 'ccxt' },
  {
    id: 'sdk-spot',
    product: 'spot',
    package: '@listenpost/client',
    use: 'with resume, as against Listenpost',
    module: 'sdk',
    resume: true,
  },
  {
    id: 'sdk-spot-plain',
    product: 'spot',
    package: '@listenpost/client',
    use: 'without, as against Binance',
    module: 'sdk',
    resume: false,
  },
  {
    id: 'spot-connector',
    product: 'spot',
    package: '@binance/spot',
    use: 'as documented',
    module: 'spot-connector',
    again: false,
  },
  {
    id: 'spot-connector-again',
    product: 'spot',
    package: '@binance/spot',
    use: 'subscribing again at each `open` and `serverShutdown`',
    module: 'spot-connector',
    again: true,
  },
];

/** What is installed here. */
export function versionOf(name) {
  const folder = name === '@listenpost/client' ? 'packages/client' : join('node_modules', name);
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')).version;
}
