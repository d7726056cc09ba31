/**
 * The admin API as the commands call it: one request, one answer, and every fault as a sentence.
 */
import { type Command, Option } from 'commander';
import { httpUrl } from './arguments.ts';
import { CommandError, sentenceOf } from './command-error.ts';

export const ADMIN_URL = 'http://127.0.0.1:9011';

/** The admin API answers once things are durable; a disk that takes longer than this is a fault to be told. */
const ANSWER_WITHIN_MS = 30_000;

export interface AdminOptions {
  readonly admin: string;
  readonly token?: string;
}

export function addAdminOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--admin <url>', 'base URL of the admin API')
        .env('LISTENPOST_ADMIN_URL')
        .default(ADMIN_URL)
        .argParser(httpUrl),
    )
    .addOption(
      new Option('--token <token>', 'admin token, where the server asks for one').env('LISTENPOST_ADMIN_TOKEN'),
    );
}

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** After `/admin/v1`, with its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: 'application/json' | 'application/x-ndjson';
  /** For an answer that comes when what was asked for is over, however long that takes. */
  readonly patient?: true;
}

/** The parsed answer of a call that succeeded. Throws `CommandError` with the server's reason otherwise. */
export async function callAdmin(options: AdminOptions, request: AdminRequest): Promise<unknown> {
  const url = `${options.admin}/admin/v1${request.path}`;
  const answer = await send(options, url, request);
  const text = await answer.text();
  const parsed = jsonOf(text);
  if (answer.ok) return parsed;
  throw refusal(answer.status, parsed, url, options);
}

async function send(options: AdminOptions, url: string, request: AdminRequest): Promise<Response> {
  const { method, body, contentType = 'application/json' } = request;
  try {
    return await fetch(url, {
      method,
      headers: { ...authorization(options), ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body }),
      ...(request.patient === true ? UNHURRIED : { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }),
    });
  } catch (error) {
    throw unreachable(options.admin, error);
  }
}

/** Bun's fetch ends a silent connection after five minutes unless it is told not to; other runtimes let it be. */
const UNHURRIED = { timeout: false } as RequestInit;

function authorization(options: AdminOptions): Record<string, string> {
  return options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
}

/** Why a URL of ours gave no answer at all. */
export function unreachable(url: string, error: unknown): CommandError {
  const { code, name } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return new CommandError(`nothing listens at ${url}; start it with: npm start`);
  if (name === 'TimeoutError') {
    return new CommandError(`${url} gave no answer within ${ANSWER_WITHIN_MS / 1000} s; look at the server's log`);
  }
  return new CommandError(`${url} cannot be reached: ${sentenceOf(error)}`, 1, { cause: error });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server answered, and said no. `line` counts from 1 within the body, where one line was at fault. */
export class AdminRefusal extends CommandError {
  readonly line: number | undefined;

  constructor(reason: string, line?: number) {
    super(reason);
    this.name = 'AdminRefusal';
    this.line = line;
  }
}

function refusal(status: number, answer: unknown, url: string, options: AdminOptions): CommandError {
  if (status === 401 && options.token === undefined) {
    return new CommandError(
      `${options.admin} asks for an admin token; give one with --token or LISTENPOST_ADMIN_TOKEN`,
    );
  }
  const { reason, line } = (answer as { readonly error?: ErrorBody } | undefined)?.error ?? {};
  if (reason !== undefined) return new AdminRefusal(reason, line);
  return new CommandError(`${url} answered HTTP ${status}, which is no answer of a Listenpost admin API`);
}

interface ErrorBody {
  readonly reason?: string;
  readonly line?: number;
}
