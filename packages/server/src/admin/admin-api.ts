/**
 * The admin API, apart from the sockets it comes in by: what a request may do, who answers it, and how refusals read.
 *
 *   request → page check → route → token → handler → answer
 */
import type { House, VirtualClock } from '@listenpost/core';
import { requestTarget } from '../edge/request-target.ts';
import type { Emulation } from '../emulation.ts';
import type { Emulator } from '../emulator/index.ts';
import { type AdminToken, assertNoForeignPage, TokenGate } from './access.ts';
import type { AccountRegistry } from './account-registry.ts';
import { refusalOf, refusedAnswer } from './answer.ts';
import type { ConsoleFiles } from './console.ts';
import { getIngest, ingestRetry } from './ingest.ts';
import { Intake } from './intake.ts';
import type { Metrics } from './metrics.ts';
import { ProducerConnection } from './producer-connection.ts';
import { Refusal } from './refusal.ts';
import { type AdminCall, type Route, RouteTable } from './route.ts';
import { ROUTES } from './routes.ts';
import type { Sampler } from './sampler.ts';
import type { Tail } from './tail.ts';
import type { Run } from './user-scenario.ts';

export interface AdminDeps {
  readonly house: House;
  readonly clock: VirtualClock;
  /** Makes the clock's state durable; called after every change of it. */
  saveClock(): Promise<void>;
  readonly mode: 'dev' | 'serve';
  /** Empty: every caller has every role, which only a loopback address may allow. */
  readonly tokens: readonly AdminToken[];
  /** Whether a `Host` header names this port; see `allowHosts`. */
  allowedHosts(hostHeader: string): boolean;
  readonly accountRegistry: AccountRegistry;
  /** Null where there are no scenarios to trigger. */
  readonly emulator: Pick<Emulator, 'scenarios' | 'trigger' | 'check'> | null;
  /** Null in the service: no faults, and no journal of what passed. */
  readonly emulation: Emulation | null;
  readonly metrics: Metrics;
  readonly sampler: Sampler;
  readonly consoleFiles: ConsoleFiles;
  /** Whether the server is on its way down, as `/readyz` tells. */
  draining(): boolean;
}

/** What handlers see. */
export interface AdminContext extends AdminDeps {
  readonly intake: Intake;
  /** Users' scenarios that are being played. */
  readonly runs: Set<Run>;
  /** Live tails that are being read. */
  readonly tails: Set<Tail>;
}

export interface AdminApi {
  /** Answers any request; never rejects. */
  answer(request: Request): Promise<Response>;
  /** The producer that a WebSocket handshake opens, or what to answer instead. The edge tells it of its socket. */
  producer(request: Request): ProducerConnection | Response;
  /** Producers whose connection is open. */
  readonly producers: number;
  /** Whether the answer may take as long as the caller waits. */
  isPatient(request: Request): boolean;
  /** Stops users' scenarios, ends tails, lets producers have the answers they wait for, then ends their connections. */
  shutDown(): void;
}

/** Each may hold `IN_FLIGHT_BYTES_MAX`; the journal bounds them all together. */
const PRODUCER_CONNECTIONS_MAX = 1000;

export function createAdminApi(deps: AdminDeps): AdminApi {
  const { house } = deps;
  const context: AdminContext = { ...deps, intake: new Intake(house), runs: new Set(), tails: new Set() };
  const gate = new TokenGate(deps.tokens);
  const table = new RouteTable(ROUTES);
  const producers = new Set<ProducerConnection>();
  deps.metrics.start();
  deps.sampler.start();

  const admitted = (request: Request): { readonly route: Route; readonly call: AdminCall } => {
    const url = new URL(`http://admin${requestTarget(request.url)}`);
    const match = table.match(request.method, url.pathname);
    const open = 'route' in match && match.route.role === null;
    if (!open) assertNoForeignPage(request.headers, deps.allowedHosts);
    if (!('route' in match)) throw unmatched(match.allowed, request.method, url.pathname, table.names);
    const { route, segments } = match;
    if (route.role !== null) gate.assert(request.headers, route.role);
    return { route, call: { request, url, segment: (name) => segmentOf(segments, name) } };
  };

  const refused = (cause: unknown): Response => {
    const refusal = refusalOf(cause);
    if (refusal !== undefined) return refusedAnswer(refusal);
    house.report(cause);
    return refusedAnswer(new Refusal(500, "internal error; the server's log says which"));
  };

  return {
    async answer(request) {
      try {
        const { route, call } = admitted(request);
        return await route.handle(call, context);
      } catch (cause) {
        return refused(cause);
      }
    },
    producer(request) {
      try {
        const { route, call } = admitted(request);
        if (route !== getIngest) throw new Refusal(400, `${call.url.pathname} is no WebSocket; ${getIngest.path} is`);
        if (producers.size >= PRODUCER_CONNECTIONS_MAX) {
          throw new Refusal(503, `${PRODUCER_CONNECTIONS_MAX} producers are connected already; share a connection`, {
            headers: { 'Retry-After': '5' },
          });
        }
        const connection = new ProducerConnection(house, context.intake, ingestRetry(call.url), (closed) =>
          producers.delete(closed),
        );
        producers.add(connection);
        return connection;
      } catch (cause) {
        return refused(cause);
      }
    },
    get producers() {
      return producers.size;
    },
    isPatient(request) {
      const match = table.match(request.method, new URL(`http://admin${requestTarget(request.url)}`).pathname);
      return 'route' in match && match.route.patient === true;
    },
    shutDown() {
      deps.metrics.stop();
      deps.sampler.stop();
      for (const tail of context.tails) tail.end('shutdown');
      for (const run of context.runs) run.stop('the server is stopping');
      for (const producer of producers) producer.shutDown();
    },
  };
}

function unmatched(allowed: readonly string[], method: string, path: string, names: readonly string[]): Refusal {
  if (allowed.length > 0) {
    const verbs = allowed.join(', ');
    return new Refusal(405, `${path.slice(0, 256)} takes ${verbs}, not ${method}`, { headers: { Allow: verbs } });
  }
  return new Refusal(404, `there is no ${path.slice(0, 256)}; the calls are ${names.join(', ')}`);
}

function segmentOf(segments: ReadonlyMap<string, string>, name: string): string {
  const segment = segments.get(name);
  if (segment === undefined) throw new Error(`the path of this route has no {${name}}`);
  return segment;
}
