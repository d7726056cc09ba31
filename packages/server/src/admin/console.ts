/** The web console's own files. They hold no data: what the page shows it asks of the API, as any caller. */
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** What the edge fills. The page refers to its other files by their names under `/`, which change with their content. */
export interface ConsoleFiles {
  readonly page: string;
  /** Undefined where there is no such file. */
  find(name: string): Promise<ConsoleFile | undefined>;
}

export const getConsole: Route = {
  method: 'GET',
  path: '/',
  role: null,
  handle: ({ request }, { consoleFiles }) => fileAnswer(request, consoleFiles, consoleFiles.page),
};

export const getConsoleByName: Route = {
  method: 'GET',
  path: '/console',
  role: null,
  handle: () => new Response(null, { status: 302, headers: { Location: '/' } }),
};

export const getConsoleFile: Route = {
  method: 'GET',
  path: '/{file}',
  role: null,
  handle: ({ request, segment }, { consoleFiles }) => fileAnswer(request, consoleFiles, segment('file')),
};

/**
 * Nothing but the port's own files and calls, nothing inline, and no text of an event that could become markup: Trusted
 * Types refuse every place where a string would.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  Vary: 'Accept-Encoding',
} as const;

/** The page is asked for anew each time; what it names is kept, since other content has another name. */
async function fileAnswer(request: Request, files: ConsoleFiles, name: string): Promise<Response> {
  const file = await files.find(name);
  if (file === undefined) throw new Refusal(404, `there is no /${name.slice(0, 256)}; the console is at /`);
  const gzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(gzip ? file.gzipped : file.bytes, {
    headers: {
      ...HEADERS,
      'Content-Type': file.type,
      'Cache-Control': name === files.page ? 'no-cache' : 'public, max-age=31536000, immutable',
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
    },
  });
}
