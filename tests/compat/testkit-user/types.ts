import { type Emulator, type JournalEntry, matchers, type Snapshot, startEmulator } from '@listenpost/testkit';

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
  // @ts-expect-error a fault has a name
  await emulator.faults.add({ status: 503 });
  // @ts-expect-error it is a duration, or an instant
  await emulator.assertReceived({ before: 55 });
  return `${http}${wss}${account.privateKey}${orderId?.toFixed()}${entry.at}${Object.keys(matchers)}`;
}
