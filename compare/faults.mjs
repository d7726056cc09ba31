/** What happens to all clients alike, as rows, while an event is published every tenth of a second. */

const MINUTE = 60_000;

/** Long enough for what waits five seconds before it connects again, twice. */
const AFTER_MS = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const FAULTS = [
  {
    id: 'restart',
    title: 'restart of the venue',
    told: 'the server is killed (SIGKILL) and starts again on its data a second later',
    async happen({ venue }) {
      await venue.ended('SIGKILL');
      await pause(1000);
      await venue.startAgain();
    },
  },
  {
    id: 'shutdown',
    title: 'planned shutdown',
    told: 'SIGTERM: the server announces its stop where the product has that, closes its connections, and starts again a second later',
    async happen({ venue }) {
      await venue.ended('SIGTERM');
      await pause(1000);
      await venue.startAgain();
    },
  },
  {
    id: 'day',
    title: '24 h cut',
    told: 'twenty-five hours pass in steps of ten minutes, for the server and for each client: keepalives and renewals fall due, and the server cuts what is 24 h old',
    async happen({ move }) {
      for (let hours = 0; hours < 25; hours += 1 / 6) {
        await move(10 * MINUTE);
        // Renewals begin behind the twentieth hour. The connectors open their connections a second apart by the machine's time: the
        // three of a USDⓈ-M client must fit between the hour at which they begin and the day's end.
        await pause(hours < 20 ? 100 : 1500);
      }
    },
  },
  {
    id: 'expiry',
    title: 'key expires',
    told: 'the server’s clock alone goes on by 61 minutes, as when keepalives do not arrive for an hour',
    products: ['usdm'],
    async happen({ venue }) {
      await venue.advance(61 * MINUTE);
    },
  },
  {
    id: 'accounts',
    title: 'two accounts',
    told: 'nothing; the client reads two accounts, on one connection where it offers that',
    streams: 2,
    async happen() {},
  },
  {
    id: 'cut',
    title: 'TCP cut',
    told: 'every connection is cut between client and server',
    async happen({ proxy }) {
      proxy.cut();
    },
  },
  {
    id: 'zombie',
    title: 'zombie',
    told: 'the connections that are open answer pings and bring no data any more; six minutes pass',
    async happen({ proxy, move }) {
      proxy.makeZombies();
      await pause(1000);
      await move(6 * MINUTE);
    },
  },
].map((fault) => ({ products: ['usdm', 'spot'], streams: 1, afterMs: AFTER_MS, ...fault }));
