import type { Command } from 'commander';
import { runServer } from './run-server.ts';
import { addServerOptions, type ServerOptions } from './server-options.ts';

const EXAMPLES = `
Examples:
  listenpost serve --config listenpost.json
  listenpost serve --config listenpost.json --tls-cert fullchain.pem --tls-key key.pem

SIGTERM stops it in good order, SIGHUP reloads the certificate.
`;

export function addServeCommand(program: Command): void {
  addServerOptions(program.command('serve').description('the service, for the accounts of a config file'))
    .requiredOption('--config <file>', 'config file (JSON)')
    .option('--data <folder>', 'where accounts, keys and events are kept (default: data)')
    .option('--tls-cert <file>', 'certificate chain (PEM); with --tls-key it opens https and wss')
    .option('--tls-key <file>', 'private key of the certificate (PEM)')
    .addHelpText('after', EXAMPLES)
    .action((options: ServerOptions) => runServer('serve', options));
}
