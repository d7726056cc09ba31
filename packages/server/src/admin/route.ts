import type { Role } from './access.ts';
import type { AdminContext } from './admin-api.ts';

/** One admin call: what it is named, who may make it, and who answers it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` stands for one segment, percent-decoded. */
  readonly path: string;
  /**
   * Null: anybody who reaches the port. For probes, which carry neither a token nor a name, and for the console's files: a
   * browser sends no token for a page, and a link to it may stand anywhere.
   */
  readonly role: Role | null;
  /** Whether an answer may take as long as the caller waits. */
  readonly patient?: true;
  readonly handle: (call: AdminCall, context: AdminContext) => Promise<Response> | Response;
}

export interface AdminCall {
  readonly request: Request;
  readonly url: URL;
  /** The segment that stood for `name`. */
  segment(name: string): string;
}

/** The row of `routes` for a request, the verbs of its path when only the verb is wrong, or neither. */
export type Match =
  | { readonly route: Route; readonly segments: ReadonlyMap<string, string> }
  | { readonly allowed: readonly string[] };

export class RouteTable {
  readonly #rows: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#rows = routes.map((route) => ({ route, parts: route.path.split('/') }));
  }

  match(method: string, path: string): Match {
    const given = path.split('/');
    const allowed = new Set<string>();
    for (const { route, parts } of this.#rows) {
      const segments = segmentsOf(parts, given);
      if (segments === undefined) continue;
      if (route.method === method) return { route, segments };
      allowed.add(route.method);
    }
    return { allowed: [...allowed] };
  }

  /** `GET /healthz`, one for each row, as the 404 lists them. */
  get names(): readonly string[] {
    return this.#rows.map(({ route }) => `${route.method} ${route.path}`);
  }
}

function segmentsOf(parts: readonly string[], given: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (parts.length !== given.length) return undefined;
  const segments = new Map<string, string>();
  for (const [at, part] of parts.entries()) {
    const text = given[at] ?? '';
    if (!part.startsWith('{')) {
      if (part !== text) return undefined;
      continue;
    }
    const decoded = decodedSegment(text);
    if (decoded === undefined || decoded === '') return undefined;
    segments.set(part.slice(1, -1), decoded);
  }
  return segments;
}

function decodedSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
