/**
 * The network between programs and the venue, with everything that goes wrong on one. Within a socket messages keep their
 * order, as in TCP; between sockets and requests they keep none, since each draws its own latency.
 */
import { Connection, type Frame, type Socket as ServerSocket } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import type {
  HandshakeRefusal,
  HttpRequest,
  HttpResponse,
  Socket,
  SocketHandlers,
} from '../../packages/client/src/doors.ts';
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { Zombie } from './truth.ts';
import type { Universe } from './universe.ts';

/** What listens at the other end, while it does. */
export interface Host {
  serve(request: Request): Response | Promise<Response> | Connection;
  /** Something went wrong in a call on a connection: the edge's business, not the network's. */
  guard(connection: Connection, act: (connection: Connection) => void): void;
}

/** How it is just now. All chances are from 0 to 1. */
export interface Conditions {
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  /** A request never arrives, and nobody says so. */
  readonly requestLost: number;
  /** It arrived and was served, and its answer is lost. */
  readonly answerLost: number;
  /** The connection breaks, before or after it was served. */
  readonly reset: number;
  /** It is served twice. */
  readonly duplicated: number;
  /** Handshakes are refused with a status. */
  readonly handshakeRefused: number;
  /** Handshakes get no answer at all. */
  readonly handshakeHangs: number;
  /** Nothing gets through, and nobody is told. */
  readonly unreachable: boolean;
  /** What stands before the venue answers in its place. */
  readonly gateway:
    | { readonly status: number; readonly retryAfterSeconds?: number; readonly share: number }
    | undefined;
}

export const CALM: Readonly<Conditions> = {
  latencyMsMin: 2,
  latencyMsMax: 40,
  requestLost: 0,
  answerLost: 0,
  reset: 0,
  duplicated: 0,
  handshakeRefused: 0,
  handshakeHangs: 0,
  unreachable: false,
  gateway: undefined,
};

/** What may wait in one socket's outbox, as at the real edge. */
const OUTBOX_BYTES_MAX = 4 * 1024 * 1024;

/** How long a runtime waits for the answer to its close frame. */
const CLOSING_MS = 30_000;

/** A program that stands at the network: the SDK's, or another one. */
export interface Program {
  readonly name: string;
  readonly ip: string;
  readonly alive: boolean;
}

export interface NetworkDoors {
  readonly universe: Universe;
  readonly random: SeededRandom;
  host(): Host | undefined;
  trace(line: string): void;
  readonly zombies: Zombie[];
  /** By the venue, with a status. */
  handshakeRefused(program: Program, status: number): void;
  frame(wire: Wire, frame: string): void;
  /** A program asked although the venue wanted silence from it. */
  silenceBroken(program: Program, what: string): void;
  requested(program: Program, request: HttpRequest): void;
  /** `byVenue`: not by what stands before it. */
  answered(program: Program, request: HttpRequest, status: number, byVenue: boolean): void;
}

export class Network {
  readonly doors: NetworkDoors;
  /** What changes the weather just now; of two that say different things the later one counts. */
  readonly #weather: Readonly<Partial<Conditions>>[] = [];
  #conditions: Conditions = CALM;
  readonly wires = new Set<Wire>();
  /** Until when a program was told to be silent. */
  readonly #silence = new Map<Program, number>();
  /** Handshakes that were asked for so far. */
  handshakes = 0;

  constructor(doors: NetworkDoors) {
    this.doors = doors;
  }

  get conditions(): Conditions {
    return this.#conditions;
  }

  /** Until the answered function is called. */
  changeWeather(changes: Readonly<Partial<Conditions>>): () => void {
    const renew = () => {
      this.#conditions = Object.assign({ ...CALM }, ...this.#weather);
    };
    this.#weather.push(changes);
    renew();
    return () => {
      this.#weather.splice(this.#weather.indexOf(changes), 1);
      renew();
    };
  }

  latency(): number {
    const { latencyMsMin, latencyMsMax } = this.conditions;
    return latencyMsMin + this.doors.random.below(latencyMsMax - latencyMsMin + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.doors.random.fraction() < probability;
  }

  /** `own`: the program's own call and not the SDK's, which knows nothing of its refusals. */
  http(program: Program, request: HttpRequest, signal: AbortSignal, own = false): Promise<HttpResponse> {
    const { universe, trace } = this.doors;
    const name = `${program.name} ${request.method} ${pathOf(request.url)}`;
    if (signal.aborted) return Promise.reject(new Error('given up before it was sent'));
    if (!own) this.#heedsSilence(program, name);
    if (!own) this.doors.requested(program, request);
    return new Promise<HttpResponse>((resolve, reject) => {
      let over = false;
      const broken = (why: string) => {
        if (!over && program.alive) reject(Object.assign(new Error(why), { code: why }));
        over = true;
      };
      signal.addEventListener('abort', () => broken('ABORTED'), { once: true });
      const answer = (response: HttpResponse) => {
        if (this.conditions.unreachable || this.chance(this.conditions.answerLost))
          return trace(`${name}: answer lost`);
        universe.after(this.latency(), () => {
          if (over || !program.alive) return;
          over = true;
          trace(`${name}: ${response.status}`);
          const { status, headers } = response;
          this.doors.answered(program, request, status, headers['x-gateway'] === undefined);
          if (!own) this.silenced(program, response);
          resolve(response);
        });
      };
      if (this.conditions.unreachable || this.chance(this.conditions.requestLost)) return trace(`${name}: lost`);
      trace(name);
      if (this.chance(this.conditions.reset / 2)) return universe.after(this.latency(), () => broken('ECONNRESET'));
      universe.after(this.latency(), () => {
        this.#arrives(request, answer, () => universe.after(this.latency(), () => broken('ECONNREFUSED')));
        if (this.chance(this.conditions.duplicated)) {
          universe.after(this.latency() * 3, () =>
            this.#arrives(
              request,
              () => undefined,
              () => undefined,
            ),
          );
        }
        if (this.chance(this.conditions.reset / 2)) universe.after(1, () => broken('ECONNRESET'));
      });
    });
  }

  connect(program: Program, url: string, handlers: SocketHandlers): Socket {
    this.#heedsSilence(program, 'a handshake');
    const wire = new Wire(this, program, `w${++this.handshakes}`, handlers);
    this.wires.add(wire);
    wire.handshake(url);
    return wire.client;
  }

  /** The program is gone: its system resets what it had open. */
  programDied(program: Program): void {
    for (const wire of [...this.wires]) if (wire.program === program) wire.clientGone();
  }

  #arrives(request: HttpRequest, answer: (response: HttpResponse) => void, refused: () => void): void {
    const turnedAway = this.turnedAway();
    if (turnedAway !== undefined) {
      const text = turnedAway.status === 429 ? '{"code":-1003,"msg":"Too many requests."}' : '';
      return answer({ ...turnedAway, text });
    }
    const host = this.doors.host();
    if (host === undefined) return refused();
    const { method, headers } = request;
    const served = host.serve(new Request(request.url, { method, headers }));
    if (served instanceof Connection) return answer({ status: 400, headers: {}, text: '' });
    Promise.resolve(served)
      .then(async (response) => {
        const text = await response.text();
        // A venue that was killed meanwhile answers nothing.
        if (this.doors.host() === host) answer({ status: response.status, headers: namesOf(response), text });
      })
      .catch((cause: unknown) => {
        throw cause;
      });
  }

  /** By what stands before the venue, request and handshake alike. */
  turnedAway(): HandshakeRefusal | undefined {
    const { gateway } = this.conditions;
    if (gateway === undefined || !this.chance(gateway.share)) return undefined;
    const { status, retryAfterSeconds } = gateway;
    const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return { status, headers: { 'x-gateway': 'yes', ...retry } };
  }

  /** The program has been told: where it was a limit, it is to be silent from now on. */
  silenced(program: Program, { status, headers }: HandshakeRefusal): void {
    const retryAfterSeconds = Number(headers['retry-after']);
    if ((status !== 429 && status !== 418) || !Number.isFinite(retryAfterSeconds)) return;
    const until = this.doors.universe.now() + retryAfterSeconds * 1000;
    this.#silence.set(program, Math.max(until, this.#silence.get(program) ?? 0));
  }

  #heedsSilence(program: Program, what: string): void {
    if (this.doors.universe.now() < (this.#silence.get(program) ?? 0)) this.doors.silenceBroken(program, what);
  }
}

const namesOf = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].map(([name, value]) => [name.toLowerCase(), value]));

const pathOf = (url: string): string => new URL(url).pathname;

/** One TCP connection with a WebSocket on it. */
export class Wire {
  readonly program: Program;
  readonly name: string;
  readonly client: Socket;
  readonly #network: Network;
  readonly #handlers: SocketHandlers;
  #connection: Connection | undefined;
  #host: Host | undefined;
  /** Nothing passes any more, either way, and neither end is told. */
  halfOpen = false;
  #zombie: Zombie | undefined;
  #clientOver = false;
  #serverOver = false;
  #toClientAt = 0;
  #toServerAt = 0;
  #waitingBytes = 0;

  constructor(network: Network, program: Program, name: string, handlers: SocketHandlers) {
    this.#network = network;
    this.program = program;
    this.name = `${program.name}/${name}`;
    this.#handlers = handlers;
    this.client = {
      send: (text) => this.#toServer((connection) => connection.message(text)),
      ping: () =>
        this.#toServer((connection) => {
          connection.pinged();
          this.#toClient(() => this.#handlers.ponged());
        }),
      close: () => this.#clientCloses(),
      terminate: () => this.#clientTerminates(),
    };
  }

  get open(): boolean {
    return this.#connection !== undefined && !this.#clientOver && !this.#serverOver;
  }

  get host(): Host | undefined {
    return this.#host;
  }

  handshake(url: string): void {
    const { universe, trace } = this.#network.doors;
    const { conditions } = this.#network;
    trace(`${this.name}: handshake ${pathOf(url)}`);
    if (conditions.unreachable || this.#network.chance(conditions.handshakeHangs)) {
      trace(`${this.name}: hangs`);
      this.halfOpen = true;
      return;
    }
    // One journey for the connection itself, one for the upgrade.
    universe.after(this.#network.latency() * 2, () => this.#arrives(url));
  }

  /** From now on the venue answers and pushes nothing. */
  becomeZombie(): void {
    if (this.#zombie !== undefined) return;
    const { zombies, universe } = this.#network.doors;
    this.#zombie = { since: universe.now(), until: undefined, replaced: false };
    zombies.push(this.#zombie);
  }

  /** Another connection of the same program opened beside it, and reads from now on what a zombie would swallow. */
  accompanied(by: Wire): void {
    if (this.#zombie !== undefined && by.program === this.program && !this.#clientOver) this.#zombie.replaced = true;
  }

  /** Cuts it: whatever was under way is lost, and both ends learn of it. */
  cut(): void {
    this.#network.doors.trace(`${this.name}: cut`);
    this.#serverGone();
    this.#clientClosed(1006, '');
  }

  /** Ends it for the venue alone, which has died: its system resets what it had open, unless the machine went too. */
  hostDied(silently: boolean): void {
    this.#connection = undefined;
    this.#serverOver = true;
    if (silently) this.halfOpen = true;
    else this.#toClient(() => this.#clientClosed(1006, ''), true);
  }

  clientGone(): void {
    this.#clientOver = true;
    this.#network.doors.universe.after(this.#network.latency(), () => this.#serverGone());
  }

  #arrives(url: string): void {
    const { host: hostOf, trace, universe } = this.#network.doors;
    if (this.#clientOver) return this.#forget();
    const host = hostOf();
    const refused = (why: string, refusal?: HandshakeRefusal) => {
      trace(`${this.name}: handshake refused, ${why}`);
      universe.after(this.#network.latency(), () => this.#clientClosed(1006, '', refusal));
    };
    const turnedAway = this.#network.turnedAway();
    if (turnedAway !== undefined) return refused(String(turnedAway.status), turnedAway);
    if (host === undefined) return refused('nobody listens');
    if (this.#network.chance(this.#network.conditions.handshakeRefused)) return refused('by chance');
    const request = new Request(url.replace(/^ws/, 'http'), { headers: { upgrade: 'websocket' } });
    const outcome = host.serve(request);
    if (outcome instanceof Response) {
      this.#network.doors.handshakeRefused(this.program, outcome.status);
      return refused(String(outcome.status), { status: outcome.status, headers: namesOf(outcome) });
    }
    if (!(outcome instanceof Connection)) return refused('no socket');
    this.#connection = outcome;
    this.#host = host;
    this.#toClient(() => {
      trace(`${this.name}: open`);
      for (const other of this.#network.wires) other.accompanied(this);
      this.#handlers.opened();
    });
    host.guard(outcome, (connection) => connection.opened(this.#server()));
  }

  #server(): ServerSocket {
    const wire = this;
    return {
      send: (frame) => this.#push(frame),
      get waitingBytes() {
        return wire.#waitingBytes;
      },
      together: (act) => act(),
      ping: (payload) => this.#toClient(() => this.#toServer((connection) => connection.ponged(payload))),
      close: ({ code, reason }: End) => {
        this.#network.doors.trace(`${this.name}: closed by the venue, ${code}`);
        this.#serverOver = true;
        this.#toClient(() => this.#clientClosed(code, reason), true);
      },
      terminate: () => {
        this.#network.doors.trace(`${this.name}: terminated by the venue`);
        this.#serverOver = true;
        this.#toClient(() => this.#clientClosed(1006, ''), true);
      },
    };
  }

  #push(frame: Frame): boolean {
    if (this.#zombie !== undefined && typeof frame === 'string' && isEvent(frame)) return true;
    const bytes = frame.length;
    if (this.#waitingBytes + bytes > OUTBOX_BYTES_MAX) return false;
    this.#waitingBytes += bytes;
    this.#toClient(() => {
      this.#waitingBytes -= bytes;
      if (typeof frame === 'string') this.#network.doors.frame(this, frame);
      this.#handlers.message(frame);
      this.#toServerNow((connection) => connection.drained());
    });
    return true;
  }

  /** `last`: also what the venue's end says as it goes. */
  #toClient(act: () => void, last = false): void {
    const { universe } = this.#network.doors;
    if (this.#serverOver && !last) return;
    this.#toClientAt = Math.max(this.#toClientAt, universe.now() + this.#network.latency());
    universe.at(this.#toClientAt, () => {
      if (this.#clientOver || this.#lost()) return;
      act();
    });
  }

  #toServer(act: (connection: Connection) => void): void {
    const { universe } = this.#network.doors;
    if (this.#clientOver) return;
    this.#toServerAt = Math.max(this.#toServerAt, universe.now() + this.#network.latency());
    universe.at(this.#toServerAt, () => {
      if (!this.#lost()) this.#toServerNow(act);
    });
  }

  /** TCP repeats what was lost for a while; what is lost for longer than that has no end but a timeout of either side. */
  #lost(): boolean {
    if (this.#network.conditions.unreachable) this.halfOpen = true;
    return this.halfOpen || !this.program.alive;
  }

  #toServerNow(act: (connection: Connection) => void): void {
    const connection = this.#connection;
    if (connection !== undefined && !this.#serverOver) this.#host?.guard(connection, act);
  }

  #clientCloses(): void {
    if (this.#clientOver) return;
    // What the program sent before goes first.
    this.#toServer(() => this.#serverGone());
    this.#clientOver = true;
    this.#network.doors.trace(`${this.name}: closed by the program`);
    const answered = this.halfOpen ? CLOSING_MS : this.#network.latency() * 2;
    this.#network.doors.universe.after(answered, () => this.#tellClosed(1005, ''));
  }

  #clientTerminates(): void {
    if (this.#clientOver) return;
    this.#network.doors.trace(`${this.name}: terminated by the program`);
    this.#toServer(() => this.#serverGone());
    this.#clientOver = true;
    this.#network.doors.universe.after(0, () => this.#tellClosed(1006, ''));
  }

  #serverGone(): void {
    if (!this.#serverOver) {
      this.#serverOver = true;
      const connection = this.#connection;
      if (connection !== undefined) this.#host?.guard(connection, (each) => each.closed());
    }
    this.#forget();
  }

  #clientClosed(code: number, reason: string, refusal?: HandshakeRefusal): void {
    if (this.#clientOver) return;
    this.#clientOver = true;
    this.#network.doors.trace(`${this.name}: closed, ${code}`);
    this.#tellClosed(code, reason, refusal);
  }

  #tellClosed(code: number, reason: string, refusal?: HandshakeRefusal): void {
    this.#forget();
    if (refusal !== undefined) this.#network.silenced(this.program, refusal);
    if (this.program.alive) this.#handlers.closed(code, reason, refusal);
  }

  #forget(): void {
    if (this.#zombie !== undefined) this.#zombie.until ??= this.#network.doors.universe.now();
    this.#network.wires.delete(this);
  }
}

/** An event of an account, in the wrapped form or that of the WebSocket API. */
const isEvent = (frame: string): boolean =>
  frame.startsWith('{"subscriptionId":') || (frame.startsWith('{"stream":') && frame.includes('"data":'));
