/**
 * The options that `dev` and `serve` share. Defaults and checks are the config's: a flag stands for the config file's key of
 * the same name and wins over it.
 */
import { type Command, Option } from 'commander';
import type { Flags } from '../config/config.ts';
import { repeated } from './arguments.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';

export interface ServerOptions extends Flags {
  readonly logLevel: LogLevel;
}

export function addServerOptions(command: Command): Command {
  return command
    .option('--host <address>', 'where to listen (default: 127.0.0.1)')
    .option('--port <number>', 'port of http and ws; 0 picks a free one, here and below (default: 9010)')
    .option('--tls-port <number>', 'port of https and wss (default: 9443)')
    .option('--admin-host <address>', 'where the admin API listens (default: 127.0.0.1)')
    .option('--admin-port <number>', 'port of the admin API (default: 9011)')
    .option('--tls-name <name>', 'a further name or address for the local certificate; may be repeated', repeated)
    .option('--as-of <instant>', 'the protocol as it stood then: a date, an instant, or latest (default: latest)')
    .option('--drain <seconds>', 'how long a stop may take (default: 10)')
    .addOption(new Option('--log-level <level>', 'what to log on stderr').choices(LOG_LEVELS).default('info'));
}
