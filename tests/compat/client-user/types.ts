/** A user's file, for the compiler alone: events are told apart by their name, and what is wrong is refused. */
import {
  BackpressureError,
  type CursorStore,
  listenpost,
  metaOf,
  type StreamItem,
  type UserDataStream,
  userDataStream,
  VenueError,
} from '@listenpost/client';
import { sbe } from '@listenpost/client/sbe';

interface Account {
  readonly balance: string;
}

const futures = userDataStream({
  product: 'usdm',
  apiKey: 'key',
  venue: listenpost('http://localhost:9010'),
  snapshot: async (): Promise<Account> => ({ balance: '0' }),
});

export async function trade(): Promise<void> {
  for await (const event of futures) {
    const position: string | undefined = metaOf(event)?.position;
    switch (event.e) {
      case 'ORDER_TRADE_UPDATE': {
        const order: { readonly id: number | bigint; readonly filled: string } = { id: event.o.i, filled: event.o.z };
        console.log(order, position);
        break;
      }
      case 'ACCOUNT_UPDATE':
        for (const { a, wb } of event.a.B) console.log(a.toUpperCase(), wb.length);
        break;
      case 'gap':
        console.log(event.to - event.from, event.reason.length);
        break;
      case 'snapshot':
        console.log(event.state.balance.length);
        break;
      // @ts-expect-error an event of Spot never comes on a futures stream
      case 'executionReport':
        break;
      default:
        console.log(event.e);
    }
  }
}

/** Handlers get the event that they name. */
userDataStream({ product: 'spot', apiKey: 'key', secret: 'secret', format: sbe() })
  .on('executionReport', ({ i, q }) => {
    const id: number | bigint = i;
    const quantity: string = q;
    console.log(id, quantity);
  })
  .on('error', (error) => {
    if (error instanceof BackpressureError) console.log(error.cursor);
    if (error instanceof VenueError && !error.shouldRetry()) console.log(error.code, error.status);
  });

export const store: CursorStore = { load: async () => undefined, save: async () => undefined };
export const margin: UserDataStream<'margin'> = userDataStream({
  product: 'margin',
  apiKey: 'key',
  symbols: ['BTCUSDT'],
});
export type Item = StreamItem<'coinm'>;

// @ts-expect-error no venue has such a product
userDataStream({ product: 'equities', apiKey: 'key' });
// @ts-expect-error an option's name is misspelt
userDataStream({ product: 'usdm', apiKey: 'key', bufferBytes: 1 });
