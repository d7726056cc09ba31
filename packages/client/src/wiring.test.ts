import { describe, expect, test } from 'bun:test';
import type { UserDataStreamOptions } from './options.ts';
import { ManualDoors } from './testing/manual-doors.ts';
import { wire } from './wiring.ts';

function refusal(options: UserDataStreamOptions): string {
  try {
    wire(options, new ManualDoors()).close();
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('who makes the grants', () => {
  const given = async () => 'given';

  test.each([
    ['a listenKey without an API key', { product: 'usdm', listenKey: given }, 'taken'],
    ['a listenToken without an API key', { product: 'margin', listenToken: given }, 'taken'],
    [
      'a listenKey with an API key that checks the account',
      { product: 'usdm', listenKey: given, apiKey: 'key', secret: 'secret' },
      'taken',
    ],
    ['neither', { product: 'usdm' }, 'apiKey: expected the API key as the venue shows it'],
    [
      'a secret whose key is missing',
      { product: 'usdm', listenKey: given, secret: 'secret' },
      'apiKey: expected the API key as the venue shows it',
    ],
    [
      'a listenKey for margin',
      { product: 'margin', listenKey: given },
      'listenKey: margin is read by listenToken, not by listenKey; leave it out',
    ],
    [
      'a listenToken for Spot',
      { product: 'spot', listenToken: given, apiKey: 'key', secret: 'secret' },
      'listenToken: spot is read by signature, not by listenToken; leave it out',
    ],
  ] as const satisfies readonly (readonly [string, UserDataStreamOptions, string])[])('%s', (_, options, expected) => {
    expect(refusal(options)).toBe(expected);
  });
});
