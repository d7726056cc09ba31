import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type DriveResult, drive } from './drive.ts';
import { type FanOutServer, startFanOutServer } from './fan-out-server.ts';
import { Lines } from './lines.ts';
import { HttpPublisher, IngestPublisher, type Publisher } from './publishers.ts';
import { Fleet } from './sockets.ts';

const ACCOUNTS = 40;
const NO_FAULTS = { disordered: 0, skipped: 0, misrouted: 0, unreadable: 0, closed: 0 };

const faultOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: Error) => error.message,
  );

describe('the load', () => {
  let server: FanOutServer;
  let fleet: Fleet;
  let lines: Lines;

  beforeEach(async () => {
    server = startFanOutServer();
    lines = new Lines(ACCOUNTS);
    fleet = new Fleet(server.url);
    await fleet.connect(Array.from({ length: ACCOUNTS }, (_, account) => `/ws/a${account}`));
  });

  afterEach(async () => {
    fleet.close();
    await server.stop();
  });

  const options = (unitEvents: number) => ({ url: server.url, lines, connections: 4, unitEvents });

  async function driven(publisher: Publisher, eventsPerS?: number): Promise<DriveResult> {
    const rate = eventsPerS === undefined ? {} : { eventsPerS };
    try {
      const times = { warmMs: 20, measureMs: 80, lostAfterMs: 50 };
      return await drive({ publisher, fleet, ...rate, ...times, windowEvents: 200, cpuNs: () => 0 });
    } finally {
      publisher.close();
    }
  }

  test('loses and reorders nothing by HTTP', async () => {
    const result = await driven(await new HttpPublisher(options(16)).open());
    expect(result.lost).toBe(0);
    expect(result.published).toBeGreaterThan(16);
    expect(fleet.delivered).toBe(result.published);
    expect(fleet.faults).toEqual(NO_FAULTS);
  });

  test('goes on with the same accounts by ingest, in messages of one event and of many', async () => {
    for (const unitEvents of [1, 64]) {
      const result = await driven(await new IngestPublisher(options(unitEvents)).open());
      expect(result.lost).toBe(0);
      expect(result.published).toBeGreaterThan(unitEvents);
    }
    expect(fleet.faults).toEqual(NO_FAULTS);
  });

  test('sends what is due and no more in an open loop', async () => {
    const result = await driven(await new IngestPublisher(options(1)).open(), 1000);
    expect(result.published).toBeGreaterThanOrEqual(90);
    expect(result.published).toBeLessThanOrEqual(110);
    expect(fleet.latencyUs.count).toBeGreaterThan(0);
  });

  test('sees a stranger’s event, an event that came twice and one that was skipped', async () => {
    let seen = 0;
    server.distort = (account, event) => {
      seen++;
      if (seen === 5) return { account: account === 'a0' ? 'a1' : 'a0', event };
      if (seen === 7) return null;
      return seen === 9 ? { account, event: event.replace(/"sq": *\d+/, '"sq":0') } : { account, event };
    };
    await driven(await new IngestPublisher(options(64)).open(), 6400);
    expect(fleet.faults.misrouted).toBe(1);
    expect(fleet.faults.disordered).toBe(1);
    expect(fleet.faults.skipped).toBeGreaterThanOrEqual(2);
    expect(fleet.examples.length).toBeGreaterThan(0);
  });

  test('ends with what the server said when it refuses', async () => {
    const publisher = await new HttpPublisher(options(1)).open();
    server.refuses = true;
    expect(await faultOf(driven(publisher))).toBe('events were answered 503: refused on purpose');
  });

  test('a handshake that is refused is an error with the answer', async () => {
    const fault = await faultOf(new Fleet(server.url).connect(['/elsewhere']));
    expect(fault).toContain('the handshake of /elsewhere was answered: HTTP/1.1 404');
  });
});
