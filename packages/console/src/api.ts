/** Calls of the admin API, with the token that it may ask for. */
import { signal } from '@preact/signals';

/** What a call was refused with, in the API's own words: they name the field and say what would be right. */
export class ApiError extends Error {
  /** 0 where no answer came. */
  readonly status: number;

  constructor(status: number, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** For as long as the tab lives and no longer: a token in local storage would outlive its reader's memory of it. */
const STORED_TOKEN = 'listenpost.token';

export const token = signal<string | null>(sessionStorage.getItem(STORED_TOKEN));

/** Why a token is asked for; null while none is. */
export const tokenWanted = signal<string | null>(null);

export function useToken(given: string): void {
  sessionStorage.setItem(STORED_TOKEN, given);
  token.value = given;
  tokenWanted.value = null;
}

export function forgetToken(): void {
  sessionStorage.removeItem(STORED_TOKEN);
  token.value = null;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The answer as text: whoever reads events parses them with all their digits. Throws `ApiError`. */
export async function callForText(method: string, path: string, options: CallOptions = {}): Promise<string> {
  const response = await callForResponse(method, path, options);
  return response.text();
}

export async function call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  return JSON.parse(await callForText(method, path, options)) as Answer;
}

export async function callForResponse(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const response = await answered(method, path, options);
  if (response.ok) return response;
  const reason = reasonIn(await response.text());
  if (response.status === 401) {
    tokenWanted.value =
      token.value === null ? 'This server’s admin API asks for a token.' : 'That token is not known here.';
  }
  throw new ApiError(response.status, reason ?? `the server answered ${response.status}`);
}

async function answered(method: string, path: string, { body, signal }: CallOptions): Promise<Response> {
  try {
    return await fetch(`/admin/v1${path}`, {
      method,
      headers: token.value === null ? {} : { Authorization: `Bearer ${token.value}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new ApiError(0, `${location.host} does not answer; see whether listenpost runs there`, { cause });
  }
}

function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { reason?: unknown } };
    return typeof error?.reason === 'string' ? error.reason : undefined;
  } catch {
    return undefined;
  }
}

export const segment = (text: string): string => encodeURIComponent(text);
