import { createHmac, randomBytes } from 'node:crypto';

/** Whatever stands under these names, however short: a malformed one was meant to be secret too. */
const SECRET_NAMES = 'signature|listenKey|listenToken|token|apiKey|apiSecret|secret|secretKey|privateKey|passphrase';
const IN_QUERY = new RegExp(`((?:^|[?&"])(?:${SECRET_NAMES})=)([^&\\s"]+)`, 'gi');
const IN_JSON = new RegExp(`("(?:${SECRET_NAMES})"\\s*:\\s*)"((?:[^"\\\\]|\\\\.)+)"`, 'gi');

/** listenKeys and API keys wherever they stand: longer than any id that a client chooses (36). */
const KEY_RUN = /[A-Za-z0-9]{40,}/g;
/** Tokens and signatures wherever they stand; without a digit it is a list of event names. */
const BASE64_RUN = /(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{60,}={0,2}/g;

/**
 * Takes bearer secrets out of a text of the wire. The same secret leaves the same mark as long as the process lives, so that
 * a reader can tell which is which, and nobody can guess it.
 */
export class Redaction {
  readonly #key = randomBytes(32);

  readonly of = (text: string): string =>
    text
      .replace(IN_JSON, (_, before: string, secret: string) => `${before}"${this.#mark(secret)}"`)
      .replace(IN_QUERY, (_, before: string, secret: string) => `${before}${this.#mark(secret)}`)
      .replace(KEY_RUN, (run) => this.#mark(run))
      .replace(BASE64_RUN, (run) => this.#mark(run));

  #mark(secret: string): string {
    return `[redacted:${createHmac('sha256', this.#key).update(secret).digest('hex').slice(0, 6)}]`;
  }
}
