/**
 * The life of a server process: config, start, the ready line, and how signals end it.
 */
import type { Logger } from 'pino';
import { type Command, type Config, loadConfig } from '../config/config.ts';
import { ConfigError } from '../config/problems.ts';
import type { RunningListenpost } from '../listenpost.ts';
import { CommandError } from './command-error.ts';
import { createLog } from './log.ts';
import { print } from './output.ts';
import type { ServerOptions } from './server-options.ts';

/** Shells give a program that SIGINT ended this code. */
const INTERRUPTED_EXIT_CODE = 130;

/** What a stop may take beyond the drain itself, which has its own end, before the process ends by force. */
const STOP_GRACE_MS = 1_000;

/** Resolves when the server was stopped in good order. */
export async function runServer(
  command: Command,
  options: ServerOptions,
  welcome?: (running: RunningListenpost, config: Config) => void,
): Promise<void> {
  const config = configFrom(command, options);
  const log = createLog(options.logLevel);
  const stop = stopSignal(log);
  endOnBrokenInvariant(log);
  const running = await start(config, log);
  reloadOnHangup(running, log);
  welcome?.(running, config);
  const { http, https, admin } = running.urls;
  await print(`listenpost ready ${JSON.stringify({ http, https, admin })}`);
  log.info({ signal: await stop }, 'stopping: no new connections from here on');
  await stopWithin(config.drainMs, running);
  log.info('stopped');
}

function configFrom(command: Command, { logLevel: _, ...flags }: ServerOptions): Config {
  try {
    return loadConfig({ command, flags, environment: process.env });
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, 2, { cause: error });
    throw error;
  }
}

async function start(config: Config, log: Logger): Promise<RunningListenpost> {
  // Loaded here, so that the commands which only talk to a server need not load one.
  const { startListenpost } = await import('../listenpost.ts');
  try {
    return await startListenpost({ config, log });
  } catch (error) {
    throw startFault(error, config);
  }
}

function startFault(error: unknown, { listen }: Config): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRNOTAVAIL') {
    return new CommandError(`this machine has no address ${listen.host} to listen on; change it with --host`);
  }
  if (code?.startsWith('ERR_OSSL_') && listen.certificate !== undefined) {
    const { certFile, keyFile } = listen.certificate;
    const fault = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? 'do not belong together' : 'are not both PEM';
    return new CommandError(`${certFile} (--tls-cert) and ${keyFile} (--tls-key) ${fault}`, 2, { cause: error });
  }
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  const flags = [
    ['--port', listen.port],
    ['--tls-port', listen.tlsPort],
    ['--admin-port', listen.adminPort],
  ] as const;
  const [flag, port] = flags.find(([, each]) => each && new RegExp(`\\b${each}\\b`).test(message)) ?? [];
  if (flag === undefined) return error;
  const fault = code === 'EACCES' ? 'may not be opened by this user' : 'is in use by another program';
  return new CommandError(`port ${port} ${fault}; choose another with ${flag} (0 picks a free one)`);
}

/**
 * The first SIGTERM or SIGINT, also one that comes while the server is still starting. The second ends the process where it
 * stands: what was answered is durable without a farewell.
 */
function stopSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) {
        log.warn({ signal }, 'stopping at once');
        process.exit(INTERRUPTED_EXIT_CODE);
      }
      stopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

async function stopWithin(drainMs: number, running: RunningListenpost): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fault = new CommandError(
      `not stopped within ${drainMs / 1000} s; what was answered is durable, the rest is not`,
    );
    timer = setTimeout(() => reject(fault), drainMs + STOP_GRACE_MS);
  });
  try {
    await Promise.race([running.close(drainMs / 1000), late]);
  } finally {
    clearTimeout(timer);
  }
}

function reloadOnHangup(running: RunningListenpost, log: Logger): void {
  process.on('SIGHUP', () => {
    running.reloadCertificates().then(
      () => log.info('certificate reloaded'),
      (error: unknown) => log.error({ err: error }, 'the certificate was not reloaded; the one before stays in use'),
    );
  });
}

/** A state that must not be: to go on would be to serve from it. What was answered is durable. */
function endOnBrokenInvariant(log: Logger): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, 'stopping on an unexpected fault');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
