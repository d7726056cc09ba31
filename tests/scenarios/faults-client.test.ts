/**
 * Our SDK under each fault: with positions (`listenpost(url)`) it hands out every event once and in order; against a venue
 * without them every event comes once, and where one cannot, a `gap` says so in its place. Time passes for both sides together.
 */
import { afterEach, describe, expect, test } from 'bun:test';
import {
  type ClientProduct,
  type Clock,
  customVenue,
  nodeDoors,
  userDataStream,
  type Verdict,
} from '@listenpost/client';
import { DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET } from '../../packages/server/src/config/demo.ts';
import { UnderTest } from './under-test.ts';

/** Of virtual time: what a client may take to notice that its stream brings nothing, account check and all. */
const RECOVERS_WITHIN_MS = 15 * 60_000;
const STEP_MS = 2000;
/** Of machine time, after each step: answers that are on their way arrive. */
const SETTLE_MS = 15;

/** The machine's clock, and what was skipped. A timer fires when the machine's time has come or was skipped past. */
class SkippingClock implements Clock {
  #skippedMs = 0;
  readonly #timers = new Set<{ readonly due: number; readonly fire: () => void }>();

  now(): number {
    return Date.now() + this.#skippedMs;
  }

  ticks(): number {
    return performance.now() + this.#skippedMs;
  }

  after(delayMs: number, action: () => void) {
    const fire = () => {
      this.#timers.delete(timer);
      clearTimeout(handle);
      action();
    };
    const timer = { due: this.now() + Math.max(0, delayMs), fire };
    const handle = setTimeout(fire, Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        clearTimeout(handle);
      },
    };
  }

  skip(ms: number): void {
    this.#skippedMs += ms;
    const due = [...this.#timers]
      .filter((timer) => timer.due <= this.now())
      .sort((left, right) => left.due - right.due);
    for (const timer of due) if (this.#timers.has(timer)) timer.fire();
  }
}

const PRODUCTS = ['usdm', 'spot', 'margin'] as const satisfies readonly ClientProduct[];
type Tested = (typeof PRODUCTS)[number];

const balance = (mark: number, at: number) => ({
  e: 'balanceUpdate',
  E: at,
  a: 'USDT',
  d: `${mark}.00000000`,
  T: at - 1,
});

/** An event of the product that carries a mark, and the mark of one that came. */
const EVENTS: Readonly<Record<Tested, { make(mark: number, at: number): object; markOf(event: never): number }>> = {
  usdm: {
    make: (mark, at) => ({ e: 'ACCOUNT_CONFIG_UPDATE', E: at, T: at - 1, ac: { s: 'BTCUSDT', l: mark } }),
    markOf: ({ ac }: { ac: { l: number } }) => ac.l,
  },
  spot: { make: balance, markOf: ({ d }: { d: string }) => Number(d) },
  margin: { make: balance, markOf: ({ d }: { d: string }) => Number(d) },
};

let opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.reverse()) await each.close();
  opened = [];
});

/** A client of one product that has had its first event. What it hands out is kept: marks, and `gap`. */
class Client {
  readonly service: UnderTest;
  readonly product: Tested;
  readonly items: (number | 'gap')[] = [];
  readonly #clock = new SkippingClock();
  readonly #stream: { readonly status: { readonly verdict: Verdict } };
  #failure: Error | undefined;
  #published = 0;

  private constructor(service: UnderTest, product: Tested, resume: boolean) {
    this.service = service;
    this.product = product;
    const stream = userDataStream({
      product,
      apiKey: DEMO_HMAC_API_KEY,
      secret: DEMO_HMAC_SECRET,
      venue: customVenue(service.running.urls.http, { resume }),
      doors: { ...nodeDoors(), clock: this.#clock },
    });
    opened.push(stream);
    this.#stream = stream;
    this.#read(stream).catch((cause: unknown) => {
      this.#failure = new Error('the stream ended', { cause });
    });
  }

  static async start(product: Tested, resume: boolean): Promise<Client> {
    const service = await UnderTest.start({ document: { limits: 'off' } });
    opened.push(service);
    const client = new Client(service, product, resume);
    await client.#until(async () => {
      const { body } = await service.admin('GET', '/admin/v1/sessions');
      return (body as { sessions: { subscriptions: string[] }[] }).sessions.some(
        ({ subscriptions }) => subscriptions.length > 0,
      );
    });
    await client.publish(1);
    await client.until(() => client.items.includes(1));
    return client;
  }

  get verdict(): Verdict {
    return this.#stream.status.verdict;
  }

  get marks(): readonly number[] {
    return this.items.filter((item) => item !== 'gap');
  }

  async publish(count: number): Promise<void> {
    for (let each = 0; each < count; each++) {
      const event = EVENTS[this.product].make(++this.#published, await this.service.now());
      const { status } = await this.service.publish(this.product, event);
      expect(status).toBe(200);
    }
  }

  async fault(fault: string, more: object = {}): Promise<string> {
    const { status, body } = await this.service.admin('POST', '/admin/v1/faults', { fault, ...more });
    expect([status, body]).toEqual([200, expect.objectContaining({ fault })]);
    return (body as { id: string }).id;
  }

  async heal(): Promise<void> {
    await this.service.admin('DELETE', '/admin/v1/faults');
  }

  async pass(ms: number): Promise<void> {
    await this.service.advance(`${ms}ms`);
    this.#clock.skip(ms);
    await Bun.sleep(SETTLE_MS);
  }

  /** Lets time pass on both sides until it holds. */
  async until(holds: () => boolean): Promise<void> {
    await this.#until(() => Promise.resolve(holds()));
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    for (let passedMs = 0; passedMs <= RECOVERS_WITHIN_MS; passedMs += STEP_MS) {
      if (this.#failure !== undefined) throw this.#failure;
      if (await holds()) return;
      await this.pass(STEP_MS);
    }
    throw new Error(
      `it did not come within ${RECOVERS_WITHIN_MS / 60_000} minutes; handed out: ${this.items.join(' ')}`,
    );
  }

  async #read(stream: AsyncIterable<{ readonly e: string }>): Promise<void> {
    for await (const item of stream)
      this.items.push(item.e === 'gap' ? 'gap' : EVENTS[this.product].markOf(item as never));
  }
}

interface Story {
  readonly fault: string;
  /** Where it can act; default: everywhere. */
  readonly products?: readonly Tested[];
  /** Sets the fault when one event has come, and publishes four more; the last one after the fault has passed. */
  act(client: Client): Promise<void>;
}

/** Two events under the fault, two when the client has had the time to notice. */
const under = (fault: string, more: object = {}) => ({
  fault,
  act: async (client: Client) => {
    await client.fault(fault, more);
    await client.publish(2);
    await client.pass(STEP_MS);
    await client.publish(2);
  },
});

const STORIES: readonly Story[] = [
  under('zombie', { withholds: 'events' }),
  under('zombie'),
  under('cut'),
  under('cut', { after: 1, times: 1 }),
  under('half-open'),
  under('delay', { by: '3s', times: 2 }),
  under('duplicate'),
  under('swap', { times: 1 }),
  {
    fault: 'drop-keepalive',
    products: ['usdm'],
    async act(client) {
      await client.fault('drop-keepalive');
      await client.publish(2);
      // The listenKey runs out.
      for (const minutes of [40, 25]) await client.pass(minutes * 60_000);
      await client.publish(1);
      await client.heal();
      await client.publish(1);
    },
  },
  {
    fault: 'http',
    async act(client) {
      await client.fault('cut');
      await client.fault('http', { status: 503, for: '20s' });
      await client.publish(3);
      await client.pass(STEP_MS);
      await client.publish(1);
    },
  },
  {
    fault: 'http',
    async act(client) {
      await client.fault('cut');
      await client.fault('http', { status: 429, retryAfter: '5s', times: 1 });
      await client.publish(4);
    },
  },
  // Time enough for a handover by a machine that is busy: the clock jumps in steps, the requests do not.
  under('shutdown', { grace: '12s' }),
  {
    fault: 'clock-skew',
    async act(client) {
      await client.fault('clock-skew', { by: '-40s' });
      await client.fault('cut');
      await client.publish(4);
    },
  },
];

/** A fault that never acted would be survived by anybody. */
async function assertActed({ service }: Client, { fault }: Story): Promise<void> {
  const { body } = await service.admin('GET', '/admin/v1/journal?kind=fault');
  const names = (body as { entries: { fault: { name: string } }[] }).entries.map((entry) => entry.fault.name);
  expect(names).toContain(fault);
}

const storiesOf = (product: Tested) =>
  STORIES.filter(({ products = PRODUCTS }) => products.includes(product)).map(
    (story, at) => [nameOf(story, at), story] as const,
  );

const nameOf = ({ fault }: Story, at: number) => `${fault} (${at + 1})`;

describe.each(PRODUCTS)('a %s stream with positions', (product) => {
  test.each(storiesOf(product))(
    '%s: every event comes once, in order, and no gap is told',
    async (_name, story) => {
      const client = await Client.start(product, true);
      await story.act(client);
      await client.until(() => client.marks.includes(5));
      expect(client.items).toEqual([1, 2, 3, 4, 5]);
      await assertActed(client, story);
    },
    120_000,
  );
});

/**
 * Without positions a client knows what it was sent and no more: it hands out what comes as it comes, and says where events may
 * be missing. `swap` is told as it was sent; a zombie is found where the account itself can be asked, below.
 */
const LOSSLESS: ReadonlySet<string> = new Set(['delay', 'duplicate', 'shutdown']);

describe.each(PRODUCTS)('a %s stream without positions', (product) => {
  test.each(storiesOf(product).filter(([, { fault }]) => fault !== 'zombie'))(
    '%s: nothing comes twice, and what is missing is told in its place',
    async (_name, story) => {
      const client = await Client.start(product, false);
      await story.act(client);
      await client.until(() => client.items.includes('gap') || client.marks.includes(5));
      await client.heal();
      await client.until(() => client.verdict !== 'dead');
      await client.publish(1);
      await client.until(() => client.marks.includes(6));
      if (LOSSLESS.has(story.fault)) expect(client.items).toEqual([1, 2, 3, 4, 5, 6]);
      else if (story.fault === 'swap') expect(client.items).toEqual([1, 3, 2, 4, 5, 6]);
      else expect(untold(client.items)).toEqual([]);
      await assertActed(client, story);
    },
    120_000,
  );
});

/** What is missing without a gap in its place, or comes again. */
function untold(items: readonly (number | 'gap')[]): readonly string[] {
  return items.flatMap((item, at) => {
    const before = items[at - 1] ?? 0;
    if (item === 'gap' || before === 'gap') {
      const last =
        items
          .slice(0, at)
          .filter((each) => each !== 'gap')
          .at(-1) ?? 0;
      return item === 'gap' || item > last ? [] : [`${item} after ${last}`];
    }
    return item === before + 1 ? [] : [`${item} after ${before}`];
  });
}

test.each(['usdm', 'spot'] as const)(
  'a zombie on %s without positions is found out when the account has changed and no event came',
  async (product) => {
    const client = await Client.start(product, false);
    await client.fault('zombie', { withholds: 'events' });
    const { status } = await client.service.admin('POST', '/admin/v1/trigger/order.filled', {
      account: 'demo',
      scope: product,
    });
    expect(status).toBe(200);
    await client.until(() => client.items.includes('gap'));
    await client.until(() => client.verdict !== 'dead');
    await client.publish(1);
    await client.until(() => client.marks.includes(2));
    expect(client.items).toEqual([1, 'gap', 2]);
  },
  120_000,
);

test('a zombie on margin without positions is quiet, never live: its account says nothing of changes', async () => {
  const client = await Client.start('margin', false);
  await client.fault('zombie', { withholds: 'events' });
  await client.publish(1);
  for (let minutes = 0; minutes < 10; minutes++) await client.pass(60_000);
  await client.until(() => client.verdict === 'quiet');
  expect(client.items).toEqual([1]);
}, 120_000);

test.each(['usdm', 'margin'] as const)(
  'expire-now on %s with positions: another key or token, and no gap',
  async (product) => {
    const client = await Client.start(product, true);
    await client.fault('expire-now', { product });
    await client.publish(4);
    await client.until(() => client.marks.includes(5));
    expect(client.items).toEqual([1, 2, 3, 4, 5]);
  },
  120_000,
);
