import { describe, expect, test } from 'bun:test';
import type { StreamStatus } from '@listenpost/client';
import { fitted, painted, wantsColour } from './spans.ts';
import { countdown, statusLine } from './status-line.ts';

const NOW = 1_790_000_000_000;

const status: StreamStatus = {
  verdict: 'live',
  reason: 'events come',
  since: NOW,
  lastEventAt: NOW,
  provenUntil: NOW,
  grantDeadline: NOW + 59 * 60_000 + 31_000,
  connections: 1,
  handingOver: false,
};

const around = { now: NOW, grant: 'listenKey', lagMs: 3.4, events: 4, gaps: 0 };

const text = (more: Partial<StreamStatus> = {}, other: Partial<typeof around> = {}) =>
  painted(statusLine({ ...status, ...more }, { ...around, ...other }), false);

describe('the status line', () => {
  test('has the verdict, its reason, what counts down, the lag and the counts', () => {
    expect(text()).toBe('live events come | listenKey 59:31 | lag 3 ms | 1 connection | 4 events');
    const busy = text({ connections: 2, handingOver: true }, { gaps: 1, events: 1 });
    expect(busy).toEndWith('2 connections handing over | 1 event | 1 gap');
  });

  test('says nothing of a deadline that there is not', () => {
    expect(text({ grantDeadline: undefined })).toStartWith('live events come | lag');
  });

  test('tells another clock from a lag', () => {
    expect(text({}, { lagMs: -61 * 60_000 })).toContain("venue's clock 1:01:00 ahead");
    expect(text({}, { lagMs: -3 })).toContain('lag 0 ms');
  });

  test('counts down to nothing, and not below', () => {
    expect([countdown(86_399_000), countdown(59_999), countdown(-5000)]).toEqual(['23:59:59', '00:59', '00:00']);
  });

  test('fits a narrow terminal, colours or not', () => {
    const short = fitted(statusLine(status, around), 20);
    expect(painted(short, false)).toBe('live events come | …');
    expect(painted(short, true).replace(/\u001b\[\d+m/g, '')).toHaveLength(20);
  });
});

describe('colour', () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ TERM: 'dumb' }, true, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
  ])('with %o, on a terminal: %p, is wanted: %p', (env, terminal, wanted) => {
    expect(wantsColour(env as Record<string, string>, terminal)).toBe(wanted);
  });
});
