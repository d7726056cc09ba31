/**
 * Takes secrets out of what is recorded, and puts the same name in for the same one: `{listenKey:1}`. What follows from a
 * secret being the same (a keepalive of this key, a stream by it) can still be read.
 */

/** Names under which secrets stand on the wire, and what they are called then. */
const KINDS: Readonly<Record<string, string>> = {
  listenKey: 'listenKey',
  listenToken: 'listenToken',
  token: 'listenToken',
  apiKey: 'apiKey',
  signature: 'signature',
};

const NAMES = Object.keys(KINDS).join('|');
const IN_JSON = new RegExp(`"(${NAMES})"\\s*:\\s*"((?:[^"\\\\]|\\\\.)+)"`, 'g');
const IN_QUERY = new RegExp(`(?:^|[?&])(${NAMES})=([^&\\s"]+)`, 'g');

/** Keys and signatures that nobody told of: longer than any id that a client chooses (36). */
const LONG_RUN = /[A-Za-z0-9+/]{40,}={0,2}/g;

/** Secrets of one recording: a key an hour and a signature a request, for years. */
const SECRETS_MAX = 100_000;

export class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** `known`: secrets by what they are called. */
  constructor(known: Readonly<Record<string, string | undefined>> = {}) {
    for (const [kind, secret] of Object.entries(known)) if (secret) this.#nameOf(kind, secret);
  }

  readonly redacted = (text: string): string => {
    for (const [, name = '', secret = ''] of [...text.matchAll(IN_JSON), ...text.matchAll(IN_QUERY)]) {
      const kind = KINDS[name] ?? 'secret';
      this.#nameOf(kind, secret);
      // A query has it percent-encoded, a frame has it plain.
      const plain = plainOf(secret);
      if (plain !== secret) this.#names.set(plain, this.#nameOf(kind, secret));
    }
    let shown = text;
    for (const [secret, name] of this.#names) shown = shown.replaceAll(secret, name);
    return shown.replace(LONG_RUN, (run) => this.#nameOf('secret', run));
  };

  #nameOf(kind: string, secret: string): string {
    const known = this.#names.get(secret);
    if (known !== undefined) return known;
    if (secret.startsWith('{')) return secret;
    if (this.#names.size >= SECRETS_MAX) throw new Error(`the recording holds more than ${SECRETS_MAX} secrets`);
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const name = `{${kind}:${number}}`;
    this.#names.set(secret, name);
    return name;
  }
}

function plainOf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
