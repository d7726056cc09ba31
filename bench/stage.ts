/** A server with a fleet of connections to it, on which steps of load are run. */
import { type Context, type Figures, medians, type Row } from './case.ts';
import { sleep } from './load/clock.ts';
import { type DriveOptions, drive } from './load/drive.ts';
import { RequestLoop, requestBytes } from './load/http.ts';
import { Lines } from './load/lines.ts';
import { HttpPublisher, IngestPublisher, type Publisher } from './load/publishers.ts';
import { Fleet } from './load/sockets.ts';
import { apiKeyOf, BenchServer, type ServerOptions } from './server.ts';

export const CONNECTIONS = 8000;

/** Connections of a publisher, whichever it is. */
const PUBLISHER_CONNECTIONS = 8;

/** Load before the first step counts: what a server does in its first seconds is compiling. */
const FIRST_WARM_MS = 3000;

/** Events on their way at once when as many are published as go. */
const WINDOW_EVENTS = 1000;

/** Connections that ask for the first listenKeys. */
const KEY_CONNECTIONS = 64;

const LISTEN_KEY_PATH = '/fapi/v1/listenKey';

export interface Step {
  readonly name: string;
  readonly via: 'http' | 'ingest';
  /** Events in one request or message. */
  readonly unitEvents: number;
  /** Absent: as many as go. */
  readonly eventsPerS?: number;
}

export type StageOptions = Omit<ServerOptions, 'pinned' | 'temporaryFolder' | 'profileInto'> & {
  /** Default: one for each account. */
  readonly connections?: number;
};

export function startServer(context: Context, options: Omit<StageOptions, 'connections'>): Promise<BenchServer> {
  const { pinned, temporaryFolder, profileInto } = context;
  return BenchServer.start({ ...options, pinned, temporaryFolder, profileInto });
}

export function listenKeyRequest(server: BenchServer, method: 'POST' | 'PUT', account: number): Buffer {
  const headers = `X-MBX-APIKEY: ${apiKeyOf(account)}\r\n`;
  return requestBytes(method, LISTEN_KEY_PATH, new URL(server.http).host, headers);
}

/** The listenKeys of accounts 0, 1, 2 …, started over REST. */
export async function startListenKeys(server: BenchServer, count: number): Promise<string[]> {
  const keys = new Array<string>(count).fill('');
  let account = 0;
  const loop = new RequestLoop({
    url: server.http,
    connections: KEY_CONNECTIONS,
    next: () => (account < count ? listenKeyRequest(server, 'POST', account++) : null),
    answered: ({ body }, request) => {
      keys[request] = (JSON.parse(body) as { listenKey: string }).listenKey;
    },
  });
  await loop.start();
  await loop.finished();
  return keys;
}

export const streamPath = (listenKey: string) => `/private/ws/${listenKey}`;

export class Stage {
  readonly server: BenchServer;
  readonly fleet: Fleet;
  readonly #lines: Lines;
  readonly #context: Context;
  #warm = false;

  private constructor(context: Context, server: BenchServer, fleet: Fleet) {
    this.#context = context;
    this.server = server;
    this.fleet = fleet;
    this.#lines = new Lines(fleet.size);
  }

  static async open(context: Context, options: StageOptions): Promise<Stage> {
    const connections = options.connections ?? options.accounts;
    context.progress(`starting a server and ${connections.toLocaleString('en')} connections`);
    const server = await startServer(context, options);
    const keys = await startListenKeys(server, connections);
    const fleet = new Fleet(server.http);
    await fleet.connect(keys.map(streamPath));
    return new Stage(context, server, fleet);
  }

  async close(): Promise<void> {
    this.fleet.close();
    await this.server.stop();
  }

  kill(): void {
    this.fleet.close();
    this.server.kill();
  }

  /** Runs the step as often as the run wants it, and gives the medians. */
  async run(step: Step): Promise<Row> {
    const { quick, progress } = this.#context;
    const publisher = await this.#publisher(step);
    const repetitions: Figures[] = [];
    try {
      for (let repetition = 1; repetition <= (quick ? 1 : 3); repetition++) {
        progress(`${step.name} (${repetition})`);
        repetitions.push(await this.#once(step, publisher));
        await sleep(200);
      }
    } finally {
      publisher.close();
    }
    return { step: step.name, figures: medians(repetitions) };
  }

  async #once({ via, eventsPerS }: Step, publisher: Publisher): Promise<Figures> {
    const { quick } = this.#context;
    const options: DriveOptions = {
      publisher,
      fleet: this.fleet,
      ...(eventsPerS === undefined ? {} : { eventsPerS }),
      // Requests are bounded by the connections, which have one in flight each.
      windowEvents: via === 'http' ? Number.POSITIVE_INFINITY : WINDOW_EVENTS,
      warmMs: this.#warm ? (quick ? 500 : 2000) : FIRST_WARM_MS,
      measureMs: quick ? 1500 : 5000,
      lostAfterMs: 1500,
      cpuNs: () => this.server.cpuNs(),
    };
    const { lost, published: _, lateMaxMs, ...figures } = await drive(options);
    this.#warm = true;
    // Without a rate nothing is ever due, and so nothing late.
    const late = eventsPerS === undefined ? {} : { lateMaxMs };
    return { ...figures, ...late, lost, faulty: this.#faulty() };
  }

  async #publisher({ via, unitEvents }: Step): Promise<Publisher> {
    const options = { url: this.server.admin, lines: this.#lines, connections: PUBLISHER_CONNECTIONS, unitEvents };
    return via === 'http' ? new HttpPublisher(options).open() : new IngestPublisher(options).open();
  }

  /** Deliveries that were not as they should be, since the stage was opened; what they were goes to stderr. */
  #faulty(): number {
    const { faults, examples } = this.fleet;
    const sum = Object.values(faults).reduce((left, right) => left + right, 0);
    if (sum > 0) this.#context.progress(`FAULTY: ${JSON.stringify(faults)} ${examples.join('; ')}`);
    return sum;
  }
}
