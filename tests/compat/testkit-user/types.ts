import {
  type Emulator,
  type JournalEntry,
  matchers,
  type Snapshot,
  startEmulator,
  type UserScenario,
} from '@listenpost/testkit';

const STORY = {
  scope: 'usdm',
  steps: [
    { scenario: 'order.partially-filled', qty: '0.030', fills: 2 },
    { wait: '30s' },
    { fault: 'delay', by: '2s' },
    { clock: { set: '2026-07-01T12:00:00Z' } },
    { event: { e: 'listenKeyExpired' }, account: 'bob' },
  ],
} satisfies UserScenario;

export async function use(): Promise<string> {
  await using emulator: Emulator = await startEmulator({
    seed: 1,
    accounts: ['alice', { id: 'bob', scopes: ['spot'] }],
  });
  const { http, wss }: { http: string; wss: string } = emulator.urls;
  const account = emulator.accounts[0];
  if (account === undefined) throw new Error('there is one');
  const { orderId } = await emulator.trigger('order.new', { symbol: 'BTCUSDT', qty: '1' });
  const fault = await emulator.faults.add({ fault: 'http', status: 503, times: 2 });
  await emulator.faults.remove(fault);
  const entry: JournalEntry = await emulator.journal.next({ method: 'PUT', path: /listenKey$/, before: '55m' });
  const snapshot: Snapshot = await emulator.snapshot();
  await emulator.restore(snapshot);
  const { events, steps }: { events: number; steps: readonly { readonly kind: string }[] } = await emulator.play(STORY);
  await emulator.play(new URL('story.json', 'file:///'), { account: 'bob', product: 'coinm' });
  // @ts-expect-error a step does one of five things
  await emulator.play({ steps: [{ wiat: '30s' }] });
  // @ts-expect-error a fault has a name
  await emulator.faults.add({ status: 503 });
  // @ts-expect-error it is a duration, or an instant
  await emulator.assertReceived({ before: 55 });
  return `${http}${wss}${account.privateKey}${orderId?.toFixed()}${entry.at}${events}${steps[0]?.kind}${Object.keys(matchers)}`;
}
