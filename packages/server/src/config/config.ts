/**
 * From flags and file to the one frozen `Config` that the server is built from (design: outside contract §4.1, §4.2).
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AccountSpec, Redacted, Validation } from '@listenpost/core';
import type { AsOf, SymbolRow } from '@listenpost/protocol';
import { symbolRowsOf } from '@listenpost/protocol';
import type { Secrets } from '../secrets.ts';
import { accountSpecOf, duplicatesIn } from './account-schema.ts';
import { demoAccounts } from './demo.ts';
import { isLoopback } from './ip-allow-list.ts';
import { jsonFault } from './json-fault.ts';
import { BINANCE_ROWS, type ResolvedLimits } from './limits-schema.ts';
import { ConfigError, inOrderOf, type Problem, printed, problemsOf } from './problems.ts';
import type { ADMIN_ROLES, ParsedConfig, ParsedFlags } from './schema.ts';
import { configSchemaFrom, flagsSchema } from './schema.ts';
import { configText, type TextSource } from './secret-text.ts';

export type Command = 'dev' | 'serve';
export type AdminRole = (typeof ADMIN_ROLES)[number];
export type JournalCommit = 'fsync' | 'write' | 'memory';

export interface Config {
  readonly command: Command;
  /** The first accounts; those in the registry come after. */
  readonly accounts: readonly AccountSpec[];
  readonly limits: ResolvedLimits;
  readonly validation: Validation;
  readonly symbols: readonly SymbolRow[];
  readonly journal: {
    readonly commit: JournalCommit;
    readonly segmentBytes: number;
    /** Whole segments are dropped when all in them is older, or when together they are larger. */
    readonly retention: { readonly ageMs: number; readonly bytes: number };
  };
  /** Absent: kept in the data folder (`loadOrMakeSecrets`), or made for this run where there is none. */
  readonly secrets?: Secrets;
  readonly legacyPaths: 'silent' | 'deliver' | '404';
  readonly expirationTimeUnit: 'timeUnit' | 'microseconds';
  readonly sbe: 'on' | 'off';
  /** The rules in force are those of this instant, whatever the clock shows. */
  readonly asOf: AsOf;
  readonly trustedProxies: readonly string[];
  readonly admin: { readonly tokens: readonly { readonly token: Redacted; readonly role: AdminRole }[] };
  readonly listen: Listen;
  /** Absolute. Absent: nothing outlives the process (`dev` only). */
  readonly dataFolder?: string;
  readonly drainMs: number;
}

export interface Listen {
  readonly host: string;
  /** Of http and ws. 0 picks a free one, here and below. */
  readonly port: number;
  /** Of https and wss. Absent: none, because `serve` was given no certificate. */
  readonly tlsPort?: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** What the local certificate of `dev` is valid for, beside localhost. */
  readonly tlsNames: readonly string[];
  /** Absolute paths of PEM files. Absent in `dev`, which makes its own. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

/** As commander gives them: texts, and absent what was not given. */
export interface Flags {
  readonly host?: string | undefined;
  readonly port?: string | number | undefined;
  readonly tlsPort?: string | number | undefined;
  readonly adminHost?: string | undefined;
  readonly adminPort?: string | number | undefined;
  readonly tlsName?: readonly string[] | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly data?: string | undefined;
  readonly asOf?: string | undefined;
  readonly drain?: string | number | undefined;
  readonly config?: string | undefined;
}

export interface ConfigSources {
  readonly command: Command;
  readonly flags: Flags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What relative paths in flags start from. Default: the process's. */
  readonly workingFolder?: string;
}

/** Throws `ConfigError`, which names every problem. */
export function loadConfig(sources: ConfigSources): Config {
  const workingFolder = sources.workingFolder ?? process.cwd();
  const { config: path, ...flags } = sources.flags;
  const file = path === undefined ? undefined : resolve(workingFolder, path);
  if (file === undefined && sources.command === 'serve') {
    throw new ConfigError('serve', ['--config FILE is missing; it names the accounts to serve']);
  }
  const document = file === undefined ? {} : readDocument(file);
  return resolveConfig({ ...sources, flags, workingFolder, document, source: file ?? sources.command });
}

export interface ConfigDocument extends ConfigSources {
  readonly workingFolder: string;
  /** The config file's JSON value. */
  readonly document: unknown;
  /** The config file's path, for messages and for what relative paths in it start from. */
  readonly source: string;
}

/** `loadConfig` of a document that is already read. */
export function resolveConfig({
  command,
  flags,
  environment,
  workingFolder,
  document,
  source,
}: ConfigDocument): Config {
  const folder = dirname(source);
  const texts = configText(folder, environment);
  const parsedFlags = parseFlags(flags);
  const parsed = parseDocument(document, texts, source);
  const options: Options = {
    ...OPTION_DEFAULTS[command],
    ...given(parsed, folder),
    ...given(parsedFlags, workingFolder),
  };
  const config = configOf(command, options, parsed, workingFolder);
  const problems = conflictsOf(config, options);
  if (problems.length > 0) throw new ConfigError(source, inOrderOf(document, problems).map(printed));
  return deepFreeze(config);
}

const GIB = 2 ** 30;

/** Retention bounds the disk by itself: a service that says nothing must not fill it. */
const JOURNAL_DEFAULTS = {
  commit: 'fsync',
  segmentBytes: 64 * 2 ** 20,
  retention: { ageMs: 7 * 86_400_000, bytes: 16 * GIB },
} as const;

const TLS_PORT = 9443;

type GivenOptions = { readonly [Name in keyof ParsedFlags]?: NonNullable<ParsedFlags[Name]> };

interface Options extends GivenOptions {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly drain: number;
}

const OPTION_DEFAULTS: Readonly<Record<Command, Options>> = {
  dev: { host: '127.0.0.1', port: 9010, adminHost: '127.0.0.1', adminPort: 9011, drain: 10 },
  serve: { host: '127.0.0.1', port: 9010, adminHost: '127.0.0.1', adminPort: 9011, drain: 10, data: 'data' },
};

const LEGACY_PATHS = { dev: 'silent', serve: 'deliver' } as const;

function configOf(command: Command, options: Options, parsed: ParsedConfig, workingFolder: string): Config {
  const { secrets } = parsed;
  return {
    command,
    accounts: accountsOf(command, parsed),
    limits: parsed.limits ?? BINANCE_ROWS,
    validation: parsed.validation ?? 'strict',
    symbols: parsed.symbols === undefined ? symbolRowsOf() : [...new Set(parsed.symbols.flat())],
    journal: journalOf(parsed.journal),
    ...(secrets === undefined ? {} : { secrets: { ...secrets, previous: secrets.previous ?? [] } }),
    legacyPaths: parsed.legacyPaths ?? LEGACY_PATHS[command],
    expirationTimeUnit: parsed.expirationTimeUnit ?? 'timeUnit',
    sbe: parsed.sbe ?? 'on',
    asOf: options.asOf ?? 'latest',
    trustedProxies: parsed.trustedProxies ?? [],
    admin: { tokens: parsed.admin?.tokens ?? [] },
    listen: listenOf(command, options),
    ...(options.data === undefined ? {} : { dataFolder: resolve(workingFolder, options.data) }),
    drainMs: options.drain * 1000,
  };
}

/** `dev` without accounts has the demo ones; `serve` starts with those of the registry alone. */
function accountsOf(command: Command, { accounts }: ParsedConfig): readonly AccountSpec[] {
  if (accounts !== undefined) return accounts.map(accountSpecOf);
  return command === 'dev' ? demoAccounts() : [];
}

function journalOf(parsed: ParsedConfig['journal']): Config['journal'] {
  const { commit, segmentBytes, retention } = JOURNAL_DEFAULTS;
  return {
    commit: parsed?.commit ?? commit,
    segmentBytes: parsed?.segmentBytes ?? segmentBytes,
    retention: {
      ageMs: parsed?.retention?.age ?? retention.ageMs,
      bytes: parsed?.retention?.bytes ?? retention.bytes,
    },
  };
}

function listenOf(command: Command, options: Options): Listen {
  const { host, port, adminHost, adminPort, tlsCert, tlsKey } = options;
  const certified = tlsCert !== undefined && tlsKey !== undefined;
  return {
    host,
    port,
    ...(command === 'dev' || certified ? { tlsPort: options.tlsPort ?? TLS_PORT } : {}),
    adminHost,
    adminPort,
    tlsNames: options.tlsName ?? [],
    ...(certified ? { certificate: { certFile: tlsCert, keyFile: tlsKey } } : {}),
  };
}

/** What is wrong only together. */
function conflictsOf(config: Config, options: Options): Problem[] {
  const problems: Problem[] = [];
  const add = (name: string, message: string) => problems.push({ path: name.split('.'), message });
  if (options.tlsCert === undefined && options.tlsKey !== undefined) add('tlsCert', 'missing; tlsKey needs it');
  if (options.tlsKey === undefined && options.tlsCert !== undefined) add('tlsKey', 'missing; tlsCert needs it');
  if (config.listen.tlsPort === undefined && options.tlsPort !== undefined) {
    add('tlsPort', 'needs a certificate; give tlsCert and tlsKey');
  }
  if (config.admin.tokens.length === 0 && !isLoopback(config.listen.adminHost)) {
    add(
      'admin.tokens',
      `missing; required because adminHost ${config.listen.adminHost} can be reached from other machines`,
    );
  }
  for (const index of weakTokens(config)) {
    problems.push({ path: ['admin', 'tokens', index, 'token'], message: WEAK_TOKEN });
  }
  for (const name of samePorts(config.listen)) add(name, 'the same port twice; give each listener its own');
  for (const index of repeatedSecretIds(config.secrets)) {
    problems.push({
      path: ['secrets', 'previous', index, 'id'],
      message: 'the id of another secret; give each its own',
    });
  }
  return problems;
}

/** 32 hexadecimal characters hold 128 bits; on loopback only this machine can guess. */
const REMOTE_TOKEN_CHARACTERS_MIN = 32;
const WEAK_TOKEN =
  `has fewer than ${REMOTE_TOKEN_CHARACTERS_MIN} characters, too few where other machines can reach adminHost; ` +
  'make one with: openssl rand -hex 32';

function weakTokens({ admin, listen }: Config): number[] {
  if (isLoopback(listen.adminHost)) return [];
  return admin.tokens.flatMap(({ token }, index) =>
    token.reveal().length < REMOTE_TOKEN_CHARACTERS_MIN ? [index] : [],
  );
}

function samePorts({ port, tlsPort, adminPort }: Listen): string[] {
  const repeated: string[] = [];
  if (tlsPort === port && port !== 0) repeated.push('tlsPort');
  if ((adminPort === port || adminPort === tlsPort) && adminPort !== 0) repeated.push('adminPort');
  return repeated;
}

function repeatedSecretIds(secrets: Secrets | undefined): number[] {
  if (secrets === undefined) return [];
  const ids = [secrets.current.id, ...secrets.previous.map(({ id }) => id)];
  return ids.flatMap((id, index) => (ids.indexOf(id) < index ? [index - 1] : []));
}

function parseFlags(flags: Flags): ParsedFlags {
  const present = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const parsed = flagsSchema.safeParse(present);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error).map(({ path, message }) => `--${kebab(String(path[0]))}: ${message}`);
  throw new ConfigError('the command line', problems);
}

const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function parseDocument(document: unknown, texts: TextSource, source: string): ParsedConfig {
  const parsed = configSchemaFrom(texts).safeParse(document);
  const duplicates = duplicatesIn((document as { accounts?: unknown } | null)?.accounts, texts);
  if (parsed.success && duplicates.length === 0) return parsed.data;
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error)), ...duplicates];
  throw new ConfigError(source, inOrderOf(document, problems).map(printed));
}

const OPTION_NAMES = Object.keys(flagsSchema.shape) as (keyof ParsedFlags)[];
const PATH_NAMES: readonly string[] = ['tlsCert', 'tlsKey', 'data'];

/**
 * The options that were given. A path in the file starts from the file's folder, a path in a flag from where the command
 * was typed.
 */
function given(parsed: ParsedFlags, folder: string): GivenOptions {
  const options = OPTION_NAMES.flatMap((name) => {
    const value = parsed[name];
    if (value === undefined) return [];
    return [[name, PATH_NAMES.includes(name) ? resolve(folder, String(value)) : value] as const];
  });
  return Object.fromEntries(options);
}

function readDocument(file: string): unknown {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError(file, [`not valid JSON: ${jsonFault(text)}`]);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new ConfigError(file, [`cannot be read: ${(error as Error).message}`]);
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
