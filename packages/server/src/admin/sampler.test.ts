import { expect, test } from 'bun:test';
import { Sampler } from '../admin/sampler.ts';
import { makeTestAdmin, openTestStream, testLine } from '../testing/test-admin.ts';
import { testAccount } from '../testing/test-house.ts';

interface Samples {
  readonly everyMs: number;
  readonly samples: readonly { readonly n: number }[];
}

test('samples hold what was counted, and those behind one are asked for by its number', async () => {
  const admin = makeTestAdmin({ accounts: [testAccount('alice'), testAccount('bob')] });
  const { sampler } = admin;
  sampler.sample();
  await openTestStream(admin);
  await admin.call('POST', '/admin/v1/events', [testLine('alice', 1), testLine('bob', 2)].join('\n'));
  sampler.committed(3);
  sampler.sample();
  const { json } = await admin.call('GET', '/admin/v1/samples?after=1');
  expect(json).toMatchObject({
    everyMs: 1000,
    samples: [{ n: 2, events: 2, deliveries: 1, connections: 1, listenKeys: 1, commitMs: { p50: 3, p99: 3, max: 3 } }],
  });
  sampler.sample();
  const { samples } = (await admin.call('GET', '/admin/v1/samples')).json as Samples;
  expect(samples.map(({ n }) => n)).toEqual([1, 2, 3]);
  expect(samples[2]).toMatchObject({ commitMs: null });
});

test('ten minutes are kept', () => {
  const sampler = new Sampler(makeTestAdmin().house);
  for (let count = 0; count < 605; count++) sampler.sample();
  expect(sampler.after(0).map(({ n }) => n)).toEqual(Array.from({ length: 600 }, (_, at) => at + 6));
});

test('a number that is none is refused', async () => {
  const { status, json } = await makeTestAdmin().call('GET', '/admin/v1/samples?after=x');
  expect([status, json]).toEqual([400, { error: { reason: 'after: expected the number of a sample, its "n"' } }]);
});

test('the status says what the server is, what time it is there, and what is wrong', async () => {
  const admin = makeTestAdmin({ deps: { mode: 'serve', draining: () => true } });
  expect((await admin.call('GET', '/admin/v1/status')).json).toEqual({
    mode: 'serve',
    clock: { now: admin.clock.now(), iso: new Date(admin.clock.now()).toISOString(), frozen: false },
    rules: { asOf: 'latest' },
    faults: ['the server is stopping'],
  });
});
