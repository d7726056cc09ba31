/**
 * What `listenpost dev` says first: where things are, who may come in, and the two lines that show an event.
 */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { printedAsOf } from '@listenpost/protocol';
import type { Config } from '../config/config.ts';
import {
  DEMO_ED25519_API_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_API_KEY,
  DEMO2_HMAC_SECRET,
} from '../config/demo.ts';
import type { RunningListenpost } from '../listenpost.ts';
import { ADMIN_URL } from './admin-client.ts';
import { PUBLIC_URL } from './listen.ts';

export function firstScreen(running: RunningListenpost, config: Config): string {
  const sections = [
    places(running),
    rules(config),
    accounts(config),
    trust(running),
    firstEvent(running, config),
    data(config),
  ];
  return `\n${sections.flat().join('\n')}\n`;
}

function places({ urls }: RunningListenpost): string[] {
  const sockets = (url: string) => `${url}   ${url.replace(/^http/, 'ws')}`;
  return [
    "Listenpost: private account streams in Binance's wire protocol, emulated on this machine.",
    '',
    `  REST and WebSocket  ${sockets(urls.http)}`,
    ...(urls.https === null ? [] : [`  with TLS            ${sockets(urls.https)}`]),
    `  console, admin API  ${urls.admin}`,
    '',
  ];
}

function rules({ asOf }: Config): string[] {
  if (asOf === 'latest') return [];
  return [`  rules               as of ${printedAsOf(asOf)}; they stay when the clock moves`, ''];
}

function accounts(config: Config): string[] {
  if (!hasDemoAccounts(config))
    return [`  accounts            ${config.accounts.map(({ id }) => id).join(', ') || 'none'}`, ''];
  return [
    `  demo   HMAC     key     ${DEMO_HMAC_API_KEY}`,
    `                  secret  ${DEMO_HMAC_SECRET}`,
    `         Ed25519  key     ${DEMO_ED25519_API_KEY}`,
    '                  its private key is in: listenpost dev --help',
    `  demo2  HMAC     key     ${DEMO2_HMAC_API_KEY}`,
    `                  secret  ${DEMO2_HMAC_SECRET}`,
    '',
  ];
}

const hasDemoAccounts = ({ accounts }: Config): boolean =>
  accounts.some(({ apiKeys }) => apiKeys.some(({ apiKey }) => apiKey.reveal() === DEMO_HMAC_API_KEY));

/** Node reads the variable at its start, so it must be set before the client runs. */
function trust({ caFile }: RunningListenpost): string[] {
  if (caFile === null) return [];
  return [
    '  Clients on Node trust the local certificate after:',
    '',
    `export NODE_EXTRA_CA_CERTS=${quoted(caFile)}`,
    '',
  ];
}

function firstEvent({ urls }: RunningListenpost, config: Config): string[] {
  if (!hasDemoAccounts(config)) return [];
  const url = urls.http === PUBLIC_URL ? '' : ` --url ${urls.http}`;
  const admin = urls.admin === ADMIN_URL ? '' : ` --admin ${urls.admin}`;
  return [
    '  See an event: paste the first line into a second terminal, the other into a third.',
    '',
    `${program()} listen${url}`,
    `${program()} trigger order.filled${admin}`,
    '',
  ];
}

function data({ dataFolder }: Config): string[] {
  return dataFolder === undefined
    ? ['  Nothing outlives this run; --data FOLDER keeps it.']
    : [`  Everything is kept in ${dataFolder}.`];
}

/** The launcher of this clone, from where the user stands; the executable itself, where all is compiled into one. */
function program(): string {
  const launcher = resolve(import.meta.dirname, '../../../../bin/listenpost');
  if (!existsSync(launcher)) return quoted(process.execPath);
  const path = relative(process.cwd(), launcher);
  const shown = path.startsWith('..') ? launcher : path;
  return process.platform === 'win32' ? `node ${quoted(shown)}` : quoted(shown);
}

const quoted = (text: string): string => (/^[\w@%+=:,./\\-]+$/.test(text) ? text : `"${text}"`);
