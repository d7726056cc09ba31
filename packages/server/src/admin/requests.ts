import type { Emulation } from '../emulation.ts';
import { ENTRY_KINDS, type EntryKind } from '../request-journal/entry.ts';
import { printedEntry } from '../request-journal/printed-entry.ts';
import type { JournalQuery } from '../request-journal/request-journal.ts';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import { assertEmulator } from './clock.ts';
import { limitOf, numberOfId } from './page.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/**
 * What passed between clients and the emulator, oldest first: REST requests and their answers, handshakes, frames both ways,
 * closes, and what faults did. All of every account, so it takes the role `admin`.
 */
export const getRequests: Route = {
  method: 'GET',
  path: '/admin/v1/journal',
  role: 'admin',
  handle({ url }, context) {
    const { journal, redaction } = emulationOf(context);
    const { searchParams } = url;
    const { entries, next } = journal.find(queryOf(searchParams));
    const shown = redacts(searchParams) ? redaction.of : (text: string) => text;
    const rows = entries.map((entry) => printedEntry(entry, shown)).join(',');
    const more = next === undefined ? '' : `,"next":"j${next}"`;
    return textAnswer(`{"entries":[${rows}],"dropped":${journal.dropped}${more}}`);
  },
};

/** Forgets all, so that a test sees its own alone. */
export const deleteRequests: Route = {
  method: 'DELETE',
  path: '/admin/v1/journal',
  role: 'admin',
  handle(_call, context) {
    const { journal, mistakes } = emulationOf(context);
    mistakes.clear();
    return jsonAnswer({ removed: journal.clear() });
  },
};

/** Each distinct mistake of a signature that was refused (-1022): what was to be signed, and which slip fits. */
export const getExplainSignature: Route = {
  method: 'GET',
  path: '/admin/v1/explain-signature',
  role: 'admin',
  handle({ url }, context) {
    const { mistakes, redaction } = emulationOf(context);
    const account = url.searchParams.get('account');
    const rows = mistakes
      .all()
      .filter((mistake) => account === null || mistake.account === account)
      .map(({ firstAt, lastAt, ...mistake }) => ({
        ...mistake,
        firstAt: new Date(firstAt).toISOString(),
        lastAt: new Date(lastAt).toISOString(),
      }));
    const text = JSON.stringify({ mistakes: rows });
    return textAnswer(redacts(url.searchParams) ? redaction.of(text) : text);
  },
};

function emulationOf(context: AdminContext): Emulation {
  assertEmulator(context, 'the request journal');
  if (context.emulation === null) throw new Refusal(404, 'this server keeps no request journal');
  return context.emulation;
}

const PARAMETERS: ReadonlySet<string> = new Set([
  ...['account', 'product', 'connection', 'kind', 'method', 'path', 'event', 'status'],
  ...['since', 'limit', 'redact'],
]);

/** An unknown parameter would be a filter that lets everything through. */
function queryOf(parameters: URLSearchParams): JournalQuery {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw new Refusal(400, `${name}: unknown; take one of ${[...PARAMETERS].join(', ')}`);
  }
  const text = (name: string) => parameters.get(name) ?? undefined;
  const since = text('since');
  return {
    account: text('account'),
    product: text('product'),
    connection: text('connection'),
    kinds: kindsOf(parameters),
    method: text('method'),
    path: text('path'),
    event: text('event'),
    status: statusOf(text('status')),
    since: since === undefined ? 0 : numberOfId('j', since, 'since'),
    limit: limitOf(parameters),
  };
}

/** `kind=request,message`, or several times. */
function kindsOf(parameters: URLSearchParams): readonly EntryKind[] | undefined {
  const named = parameters.getAll('kind').flatMap((text) => text.split(','));
  if (named.length === 0) return undefined;
  return named.map((name) => {
    const kind = ENTRY_KINDS.find((each) => each === name);
    if (kind !== undefined) return kind;
    throw new Refusal(400, `kind: "${name.slice(0, 64)}" is none; take ${ENTRY_KINDS.join(', ')}`);
  });
}

function statusOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{3}$/.test(text)) return Number(text);
  throw new Refusal(400, 'status: expected three digits such as 400');
}

function redacts(parameters: URLSearchParams): boolean {
  const text = parameters.get('redact') ?? 'true';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Refusal(400, 'redact: expected true or false');
}
