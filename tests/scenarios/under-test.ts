/**
 * The whole service in this process, on free ports, with everything real but the passing of time: what every scenario
 * starts from. Demo accounts unless the document names others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { type Flags, resolveConfig } from '../../packages/server/src/config/config.ts';
import { DEMO_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { type Rig, type RunningListenpost, startListenpost } from '../../packages/server/src/listenpost.ts';
import { Peer } from './peer.ts';
import { RawPeer } from './raw-peer.ts';

export interface UnderTestOptions {
  readonly command?: 'dev' | 'serve';
  /** The config file's content. */
  readonly document?: Readonly<Record<string, unknown>>;
  readonly flags?: Flags;
  /** Silent unless a scenario reads it. */
  readonly log?: Logger;
  /** A disk of its own, or less patience. */
  readonly rig?: Rig;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A process of its own is asked over its doors alone. */
export type Running = Omit<RunningListenpost, 'snapshot' | 'replay'>;

export class UnderTest {
  readonly running: Running;
  readonly #peers: (Peer | RawPeer)[] = [];
  /** Its own, to be removed with it. */
  #workingFolder: string | undefined;

  constructor(running: Running) {
    this.running = running;
  }

  static async start(options: UnderTestOptions = {}): Promise<UnderTest> {
    const { command = 'dev', document = {}, flags = {}, log = pino({ level: 'silent' }), rig = {} } = options;
    // Where a service is told no data folder it makes one here: not in the repository, where the next one would find it.
    const workingFolder = mkdtempSync(join(tmpdir(), 'listenpost-scenario-'));
    try {
      const config = resolveConfig({
        command,
        document,
        source: 'scenario',
        workingFolder,
        environment: {},
        flags: { port: 0, tlsPort: command === 'dev' ? 0 : undefined, adminPort: 0, ...flags },
      });
      const service = new UnderTest(await startListenpost({ config, log, rig }));
      service.#workingFolder = workingFolder;
      return service;
    } catch (refused) {
      rmSync(workingFolder, { recursive: true });
      throw refused;
    }
  }

  /** A REST call with the demo account's API key, unless told otherwise; `null` sends none. */
  async rest(
    method: string,
    path: string,
    apiKey: string | null = DEMO_HMAC_API_KEY,
    init: RequestInit = {},
  ): Promise<RestAnswer> {
    const headers = {
      ...(apiKey === null ? {} : { 'X-MBX-APIKEY': apiKey }),
      ...(init.headers as Record<string, string>),
    };
    const response = await fetch(this.running.urls.http + path, { ...init, method, headers });
    return { status: response.status, headers: response.headers, body: await jsonOf(response) };
  }

  async admin(method: string, path: string, body?: unknown): Promise<RestAnswer> {
    const init =
      body === undefined ? { method } : { method, body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await fetch(this.running.urls.admin + path, init);
    return { status: response.status, headers: response.headers, body: await jsonOf(response) };
  }

  /** Opens a WebSocket on the public port. */
  async open(path: string): Promise<Peer> {
    const peer = await Peer.open(this.running.urls.http.replace('http', 'ws') + path);
    this.#peers.push(peer);
    return peer;
  }

  /** The same with frames made by hand: a peer that can misbehave. Throws `RefusedHandshake` with the answer. */
  async openRaw(path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
    const peer = await RawPeer.open(this.running.urls.http, path, headers);
    this.#peers.push(peer);
    return peer;
  }

  /** What the one clock shows, in ms. */
  async now(): Promise<number> {
    return ((await this.admin('GET', '/admin/v1/clock')).body as { now: number }).now;
  }

  /** Moves the clock to the next window of so many minutes: its counts start at zero, and all of its time is left. */
  async startMinute(minutes = 1): Promise<void> {
    const windowMs = minutes * 60_000;
    const now = await this.now();
    await this.advance(`${windowMs - (now % windowMs)}ms`);
  }

  async freeze(): Promise<void> {
    await this.admin('POST', '/admin/v1/clock', { freeze: true });
  }

  /** Time flows on from where it stood. */
  async resume(): Promise<void> {
    await this.admin('POST', '/admin/v1/clock', { resume: true });
  }

  /** Moves the one clock; every timer due on the way has run when this resolves. */
  async advance(duration: string): Promise<void> {
    const answer = await this.admin('POST', '/admin/v1/clock', { advance: duration });
    if (answer.status !== 200) throw new Error(`the clock did not move: ${JSON.stringify(answer.body)}`);
  }

  /** Publishes one event of the demo account and resolves once it is durable. */
  async publish(scope: string, event: object, account = 'demo'): Promise<RestAnswer> {
    return this.admin('POST', '/admin/v1/events', { account, scope, event });
  }

  /** Starts the account's key at this path. */
  async listenKey(path: string, apiKey: string = DEMO_HMAC_API_KEY): Promise<string> {
    const { status, body } = await this.rest('POST', path, apiKey);
    if (status !== 200) throw new Error(`no key: ${JSON.stringify(body)}`);
    return (body as { listenKey: string }).listenKey;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.drop();
    await this.running.close(2);
    if (this.#workingFolder !== undefined) rmSync(this.#workingFolder, { recursive: true });
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
