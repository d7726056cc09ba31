import type { Command } from 'commander';
import { DEMO_ED25519_PRIVATE_KEY } from '../config/demo.ts';
import { firstScreen } from './first-screen.ts';
import { tell } from './output.ts';
import { runServer } from './run-server.ts';
import { addServerOptions, type ServerOptions } from './server-options.ts';

const EXAMPLES = `
Examples:
  listenpost dev
  listenpost dev --data .listenpost                keep accounts, keys and events from run to run
  listenpost dev --port 0 --tls-port 0 --admin-port 0

The demo account signs session.logon with this Ed25519 key, public on purpose; its API key is on the first screen:

${DEMO_ED25519_PRIVATE_KEY}`;

export function addDevCommand(program: Command): void {
  addServerOptions(
    program
      .command('dev')
      .description('the emulator: demo accounts, a local certificate, and time that moves on command'),
  )
    .option('--data <folder>', 'where to keep everything; without it nothing outlives the run')
    .option('--config <file>', 'config file (JSON); its accounts replace the demo ones')
    .addHelpText('after', EXAMPLES)
    .action((options: ServerOptions) =>
      runServer('dev', options, (running, config) => tell(firstScreen(running, config))),
    );
}
