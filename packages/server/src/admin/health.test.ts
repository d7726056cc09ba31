import { describe, expect, test } from 'bun:test';
import { MemoryJournal } from '../storage/memory-journal.ts';
import { MemoryRegistry } from '../storage/memory-registry.ts';
import { makeTestAdmin, openTestStream, testLine } from '../testing/test-admin.ts';
import { testAccount } from '../testing/test-house.ts';

describe('probes', () => {
  test('a process that answers lives, whoever asks by whatever name', async () => {
    const { status, json } = await makeTestAdmin().call('GET', '/healthz', undefined, { host: '10.1.2.3:9011' });
    expect([status, json]).toEqual([200, { live: true }]);
  });

  test('ready while journal and registry take changes', async () => {
    expect((await makeTestAdmin().call('GET', '/readyz')).json).toEqual({ ready: true });
  });

  test('not ready while one of them has a fault, and says which', async () => {
    class FullJournal extends MemoryJournal {
      override readonly fault = 'No space left on the disk.';
    }
    class FullRegistry extends MemoryRegistry {
      override readonly fault = 'the database is locked';
    }
    const random = { bytes: (length: number) => new Uint8Array(length) };
    const doors = { journal: new FullJournal({ random, nowMs: () => 0 }), store: new FullRegistry() };
    const { status, json } = await makeTestAdmin({ doors }).call('GET', '/readyz');
    const faults = ['journal: No space left on the disk.', 'registry: the database is locked'];
    expect([status, json]).toEqual([503, { ready: false, faults }]);
  });

  test('not ready while it stops', async () => {
    const { status, json } = await makeTestAdmin({ deps: { draining: () => true } }).call('GET', '/readyz');
    expect([status, json]).toEqual([503, { ready: false, faults: ['the server is stopping'] }]);
  });
});

test('GET /metrics counts what happened', async () => {
  const admin = makeTestAdmin({ accounts: [testAccount('alice'), testAccount('bob')] });
  await openTestStream(admin);
  await admin.call('POST', '/admin/v1/events', `${testLine('alice', 1)}\n${testLine('bob', 2)}`);
  const { text, headers } = await admin.call('GET', '/metrics');
  expect(headers.get('content-type')).toStartWith('text/plain');
  for (const line of [
    'listenpost_events_appended_total 2',
    'listenpost_events_delivered_total 1',
    'listenpost_connections{row="usdm"} 1',
    'listenpost_listen_keys 1',
    'listenpost_accounts 2',
    'listenpost_journal_fault 0',
    'listenpost_registry_fault 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('listenpost_event_loop_lag_seconds{quantile="0.99"}');
});
