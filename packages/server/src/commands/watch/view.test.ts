import { describe, expect, test } from 'bun:test';
import type { StreamItem, StreamStatus } from '@listenpost/client';
import { JsonView, LinesView, type Output, TerminalView, type ViewOptions } from './view.ts';

const NOW = new Date(2026, 10, 26, 12, 3, 4, 125).getTime();

const QUIET: StreamStatus = {
  verdict: 'quiet',
  reason: 'the connection answers',
  since: NOW,
  lastEventAt: undefined,
  provenUntil: NOW,
  grantDeadline: NOW + 60_000,
  connections: 1,
  handingOver: false,
};

const GAP = {
  e: 'gap',
  scope: 'usdm',
  from: NOW - 1000,
  to: NOW,
  silentSince: NOW,
  missed: undefined,
  reason: 'cut',
} as StreamItem<'usdm', never>;

class Recorder implements Output {
  readonly columns: number | undefined;
  text = '';

  constructor(columns?: number) {
    this.columns = columns;
  }

  write(text: string, written?: () => void): boolean {
    this.text += text;
    written?.();
    return true;
  }
}

const options = (output: Output): ViewOptions => ({
  output,
  product: 'usdm',
  grant: 'listenKey',
  colour: false,
  now: () => NOW,
});

/** What a terminal shows: a line that is begun anew is written over. */
const screen = (text: string): string[] =>
  text.split('\n').map((line) => line.slice(line.lastIndexOf('\r\u001b[2K') + 1).replace('\u001b[2K', ''));

describe('lines', () => {
  test('tell a verdict once, and both ends of a handover', () => {
    const output = new Recorder();
    const view = new LinesView(options(output));
    view.status(QUIET);
    view.status({ ...QUIET, handingOver: true });
    view.status({ ...QUIET, handingOver: false });
    view.tick(QUIET);
    expect(output.text.split('\n')).toEqual([
      '12:03:04.125  QUIET              the connection answers | listenKey 01:00 | 1 connection | 0 events',
      '12:03:04.125  HANDING OVER       another connection is opened before this one goes',
      '12:03:04.125  HANDED OVER        by 1 now',
      '',
    ]);
  });

  test('tell a gap, and count it', async () => {
    const output = new Recorder();
    const view = new LinesView(options(output));
    await view.item(GAP);
    view.status(QUIET);
    expect(output.text).toContain(
      'GAP                events may be missing from 12:03:03.125 to 12:03:04.125 (1.0 s): cut\n',
    );
    expect(output.text).toContain('| 1 gap\n');
  });
});

describe('a terminal', () => {
  test('keeps the status in its last line, cut to its width', async () => {
    const output = new Recorder(40);
    const view = new TerminalView(options(output));
    view.status(QUIET);
    await view.item(GAP);
    view.tick({ ...QUIET, grantDeadline: NOW + 59_000 });
    const lines = screen(output.text);
    expect(lines[0]).toBe('12:03:04.125  QUIET              the connection answers');
    expect(lines[1]).toContain('GAP');
    expect(lines[2]).toBe('quiet the connection answers | listenK…');
    view.end();
    expect(screen(output.text).at(-1)).toBe('');
  });
});

describe('json', () => {
  test('tells events, gaps and changes of the status apart by their members', async () => {
    const output = new Recorder();
    const view = new JsonView(options(output));
    await view.item(GAP);
    view.status(QUIET);
    view.tick();
    const [gap, status, end] = output.text.split('\n');
    expect(JSON.parse(gap ?? '')).toEqual({
      scope: 'usdm',
      receivedAt: NOW,
      gap: { from: NOW - 1000, to: NOW, silentSince: NOW, reason: 'cut' },
    });
    expect(JSON.parse(status ?? '')).toMatchObject({ receivedAt: NOW, status: { verdict: 'quiet' } });
    expect(end).toBe('');
  });
});
