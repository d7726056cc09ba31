/** The admin API of one emulator. */
export class Admin {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Rejects with the emulator's own sentence where it refuses. */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? { method } : { method, body: text };
    const response = await fetch(`${this.#url}/admin/v1${path}`, init);
    const answer = await response.text();
    if (response.ok) return JSON.parse(answer);
    throw new Error(reasonIn(answer) ?? `${method} /admin/v1${path} answered ${response.status}: ${answer}`);
  }
}

function reasonIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: { readonly reason?: string } }).error?.reason;
  } catch {
    return undefined;
  }
}
