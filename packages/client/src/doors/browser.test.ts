import { describe, test } from 'bun:test';
import { browserDoors } from './browser.ts';
import { DOORS_CASES } from './doors.contract.ts';

describe('doors of a browser, on Bun’s fetch and WebSocket', () => {
  for (const { name, run } of DOORS_CASES) test(name, () => run(browserDoors()));
});
