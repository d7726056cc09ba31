/**
 * Addresses and CIDR ranges: of an API key's `ipAllowList` and of `trustedProxies`. IPv4 seen through an IPv6 socket
 * (`::ffff:192.0.2.1`) is the IPv4 address, on both sides.
 */
import { BlockList, isIP } from 'node:net';

export interface AddressRange {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

export const RANGE_FORM = 'an address or CIDR range such as "192.0.2.1", "10.0.0.0/8" or "2001:db8::/32"';

const MAPPED_DOTTED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const MAPPED_HEXADECIMAL = /^(?:::|(?:0{1,4}:){5})ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

/** Undefined when the text is neither an address nor a range. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = '', prefixText, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? bits : prefixOf(prefixText);
  if (prefix === undefined || prefix > bits) return undefined;
  const mapped = family === 6 && prefix >= 96 ? mappedIpv4(address) : undefined;
  if (mapped !== undefined) return { address: mapped, family: 'ipv4', prefix: prefix - 96 };
  return { address, family: family === 4 ? 'ipv4' : 'ipv6', prefix };
}

/**
 * A check of addresses against a list. Throws `RangeError` naming an entry that is no range; an address that cannot be
 * read matches nothing.
 */
export function addressMatcher(list: readonly string[]): (address: string) => boolean {
  const ranges = new BlockList();
  for (const entry of list) {
    const range = parseAddressRange(entry);
    if (range === undefined) throw new RangeError(`${JSON.stringify(entry)}: expected ${RANGE_FORM}`);
    ranges.addSubnet(range.address, range.prefix, range.family);
  }
  return (address) => {
    const plain = parseAddressRange(address.split('%', 1)[0] ?? '');
    return plain !== undefined && !address.includes('/') && ranges.check(plain.address, plain.family);
  };
}

/** Whether only this machine can connect to a socket bound to this host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback(host);
}

const loopback = addressMatcher(['127.0.0.0/8', '::1']);

function prefixOf(text: string): number | undefined {
  return /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
}

function mappedIpv4(address: string): string | undefined {
  const dotted = MAPPED_DOTTED.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const [, high, low] = MAPPED_HEXADECIMAL.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return [high, low].flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]).join('.');
}
