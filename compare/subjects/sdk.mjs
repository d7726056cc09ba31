/** The SDK as its README has it; `resume` is what its venue says of itself, and all that differs. */
import { pathToFileURL } from 'node:url';

export async function run({ sdk, resume, restUrl, adminUrl, streams, tell, deliver }) {
  const { customVenue, listenpost, userDataStream } = await import(pathToFileURL(sdk).href);
  const venue = resume ? listenpost(restUrl) : customVenue(restUrl);
  const listen = async ({ account, scope }, callback) => {
    const stream = userDataStream({
      product: scope,
      apiKey: account.hmac.apiKey,
      secret: account.hmac.apiSecret,
      venue,
      ...(resume ? {} : { check: () => changedAt(adminUrl, account.id, scope) }),
    });
    for await (const event of stream) {
      if (event.e === 'gap') tell(`gap: ${event.reason}`);
      if (event.e === 'ORDER_TRADE_UPDATE') deliver(callback, event.o.c);
      if (event.e === 'executionReport') deliver(callback, event.c);
    }
  };
  for (const [callback, stream] of streams.entries()) listen(stream, callback).catch((error) => tell(error.message));
}

/**
 * What Binance's account endpoints say (`GET /fapi/v3/account`, `GET /api/v3/account`). The emulator's tell what its scenarios did to an
 * account, and not what is published as here.
 */
async function changedAt(adminUrl, account, scope) {
  let from = '';
  let last = 0;
  for (;;) {
    const response = await fetch(`${adminUrl}/admin/v1/streams/${account}/${scope}/events?limit=1000${from}`);
    const { events, next } = await response.json();
    last = events.at(-1)?.event.E ?? last;
    if (next === undefined) return { changedAt: last };
    from = `&from=${next}`;
  }
}
