import { isIP } from 'node:net';
import { addressMatcher } from '../config/ip-allow-list.ts';

/** Whose request this is, for per-IP limits and allow-lists. */
export type ClientAddress = (request: Request, peer: string) => string;

/**
 * The peer's own address; behind a trusted proxy, the nearest address in `X-Forwarded-For` that is no trusted proxy.
 * Reading the header from the right is what makes it safe: whatever the client wrote itself stands on the left.
 */
export function clientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return (_request, peer) => plain(peer);
  const isTrusted = addressMatcher(trustedProxies);
  return (request, peer) => {
    let nearest = plain(peer);
    if (!isTrusted(nearest)) return nearest;
    const forwarded = (request.headers.get('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()));
    for (const hop of forwarded.reverse()) {
      if (isIP(hop) === 0) break;
      nearest = hop;
      if (!isTrusted(hop)) break;
    }
    return nearest;
  };
}

/** IPv4 seen through an IPv6 socket is still IPv4. */
const plain = (ip: string) => (ip.startsWith('::ffff:') ? ip.slice(7) : ip);
