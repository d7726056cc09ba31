/**
 * Who may call what. Two doors: the browser's, which keeps web pages out wherever they come from, and the token's.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Redacted } from '@listenpost/core';
import { isLoopback } from '../config/ip-allow-list.ts';
import { Refusal } from './refusal.ts';

/** read: look. publish: look nowhere, publish events. admin: everything. */
export type Role = 'admin' | 'publish' | 'read';

export interface AdminToken {
  readonly token: Redacted;
  readonly role: Role;
}

/**
 * A check of `Host` headers by name, whatever the port: a page of a foreign site that has its own name resolve to this
 * machine sends that name. Only loopback needs it, where a caller may come without a token. Where other machines reach
 * the port it has whatever names their networks give it, and the token, which is required there, keeps pages out.
 */
export function allowHosts(adminHost: string): (hostHeader: string) => boolean {
  if (!isLoopback(adminHost)) return () => true;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', bracketed(adminHost.toLowerCase())]);
  return (hostHeader) => allowed.has(hostHeader.toLowerCase().replace(/:\d{1,5}$/, ''));
}

const bracketed = (name: string) => (name.includes(':') && !name.startsWith('[') ? `[${name}]` : name);

/**
 * Throws unless no web page but the admin port's own can have sent this. Programs send no `Origin`; browsers send it with
 * everything that changes something and with every WebSocket handshake, and `Sec-Fetch-Site` with the rest.
 */
export function assertNoForeignPage(headers: Headers, allowedHosts: (hostHeader: string) => boolean): void {
  const host = headers.get('host') ?? '';
  if (!allowedHosts(host)) {
    throw new Refusal(
      403,
      `Host: "${host.slice(0, 256)}" is not a name of this admin port; call it by its own address`,
    );
  }
  const origin = headers.get('origin');
  if (origin !== null && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    throw new Refusal(403, `Origin: pages of "${origin.slice(0, 256)}" may not call the admin port`);
  }
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    throw new Refusal(403, 'Sec-Fetch-Site: pages of other sites may not call the admin port');
  }
}

/** Asks each request for a token whose role is enough. Without tokens every caller has every role. */
export class TokenGate {
  readonly #tokens: readonly { readonly digest: Buffer; readonly role: Role }[];

  constructor(tokens: readonly AdminToken[]) {
    this.#tokens = tokens.map(({ token, role }) => ({ digest: digestOf(token.reveal()), role }));
  }

  assert(headers: Headers, needed: Role): void {
    if (this.#tokens.length === 0) return;
    const role = this.#roleOf(headers.get('authorization') ?? '');
    if (role === undefined) {
      throw new Refusal(401, 'Authorization: expected "Bearer <token>" with one of the configured admin tokens', {
        headers: { 'WWW-Authenticate': 'Bearer realm="listenpost admin"' },
      });
    }
    if (role !== 'admin' && role !== needed) {
      const enough = needed === 'admin' ? '"admin"' : `"${needed}" or "admin"`;
      throw new Refusal(403, `Authorization: this token has the role "${role}"; this call needs ${enough}`);
    }
  }

  /** Compares digests with every token, so that time tells neither the length nor which one came near. */
  #roleOf(authorization: string): Role | undefined {
    const digest = digestOf(/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '');
    let found: Role | undefined;
    for (const token of this.#tokens) {
      if (timingSafeEqual(digest, token.digest)) found = token.role;
    }
    return found;
  }
}

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer');
