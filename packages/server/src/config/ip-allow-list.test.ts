import { describe, expect, test } from 'bun:test';
import { addressMatcher, isLoopback, parseAddressRange } from './ip-allow-list.ts';

describe('addressMatcher', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:c000:201', '192.0.2.1', true],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.1', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.1.2.3/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:a00:1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:DB8::1', '2001:0db8:0:0:0:0:0:1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::1', '127.0.0.1', false],
  ])('%s against %s: %p', (range, address, expected) => {
    expect(addressMatcher([range])(address)).toBe(expected);
  });

  test('any entry of the list will do, and none when it is empty', () => {
    const allows = addressMatcher(['192.0.2.1', '2001:db8::/32']);
    expect([allows('192.0.2.1'), allows('2001:db8::5'), allows('192.0.2.9')]).toEqual([true, true, false]);
    expect(addressMatcher([])('192.0.2.1')).toBe(false);
  });

  test.each(['', 'unknown', '192.0.2', '192.0.2.1/32', '1.2.3.4:80', ' 192.0.2.1'])(
    'matches no address %p',
    (address) => {
      expect(addressMatcher(['0.0.0.0/0', '::/0'])(address)).toBe(false);
    },
  );

  test('names an entry that is no range', () => {
    expect(() => addressMatcher(['10.0.0.0/33'])).toThrow('"10.0.0.0/33": expected an address or CIDR range');
  });
});

test.each([
  '10.0.0.0/',
  '10.0.0.0/08',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '::/129',
  'fe80::1%eth0',
  '010.0.0.1',
  'localhost',
])('parseAddressRange refuses %p', (text) => {
  expect(parseAddressRange(text)).toBeUndefined();
});

test('isLoopback knows this machine by its names', () => {
  expect(['localhost', '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(isLoopback)).not.toContain(false);
  expect(['0.0.0.0', '::', '192.0.2.1', 'localhost.example.com'].map(isLoopback)).not.toContain(true);
});
