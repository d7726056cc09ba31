import { expect } from 'bun:test';
import {
  CONNECTION_LIFECYCLE,
  type ConnectionInput,
  type ConnectionState,
  ENDS,
  type EndName,
} from '@listenpost/protocol';
import { apiKeyText, HOUR, MINUTE, startKey, type TestHouse } from '../../packages/core/src/testing/memory-doors.ts';
import { type Client, call, client, freshHouse } from './house.ts';
import { type Life, lifecycleWalks, type Seen } from './walks.ts';

const BODY = '{"e":"SOMETHING"}';

/** A stream raw and wrapped, and a WebSocket API: all of products that say serverShutdown beforehand. */
const VARIANTS = ['a stream', 'a wrapped stream', 'the WebSocket API'] as const;
type Variant = (typeof VARIANTS)[number];

class ConnectionLife implements Life<ConnectionState, ConnectionInput> {
  readonly #room: TestHouse;
  readonly #client: Client;
  readonly #variant: Variant;
  readonly #stream: string;
  #open = false;
  /** How it ended, once it has; null: by the client. */
  #end: EndName | null | undefined;

  private constructor(room: TestHouse, variant: Variant, key: string) {
    this.#room = room;
    this.#variant = variant;
    const path = {
      'a stream': `/ws/${key}`,
      'a wrapped stream': `/stream?streams=${key}`,
      'the WebSocket API': '/ws-api/v3',
    };
    this.#client = client(room, path[variant]);
    this.#stream = variant === 'the WebSocket API' ? 'alice/margin' : 'alice/risk';
  }

  static async begin(variant: Variant): Promise<ConnectionLife> {
    const room = freshHouse();
    return new ConnectionLife(room, variant, await startKey(room.house, 'risk'));
  }

  get reports() {
    return this.#room.reports;
  }

  listeners(): number {
    return this.#open ? 1 : 0;
  }

  async take(input: ConnectionInput, way: string): Promise<Seen> {
    const { connection } = this.#client;
    switch (input) {
      case 'opened':
        await this.#opened();
        break;
      case 'shutdownAnnounced':
        expect(connection.announceShutdown()).toBe(true);
        break;
      case 'ended':
        await this.#ended(way);
        break;
      case 'closed':
        connection.closed();
        if (this.#end === undefined) this.#end = null;
        this.#open = false;
        break;
    }
    const told = this.#client.take().map((frame) => String(eventOf(frame).e));
    return { told };
  }

  async expectState(state: ConnectionState): Promise<void> {
    const { connection, socket } = this.#client;
    const { house, ends } = this.#room;
    expect(connection.state).toBe(state);
    const open = state === 'open' || state === 'draining';
    expect([house.connections.has(connection), connection.ended]).toEqual([open, state === 'closed']);
    if (state === 'connecting') return;
    // What happens to the account comes out, and requests are answered, while it is open and at no other time.
    await house.journal.append([{ stream: this.#stream, type: 'SOMETHING', body: BODY }]);
    expect(this.#client.take().map(eventOf)).toEqual(open ? [JSON.parse(BODY)] : []);
    const method = this.#variant === 'the WebSocket API' ? 'ping' : 'LIST_SUBSCRIPTIONS';
    expect(await this.#ask(method)).toHaveLength(open ? 1 : 0);
    // One end, the first, and no timer or reader behind it.
    const byServer = this.#end !== undefined && this.#end !== null ? [this.#end] : [];
    expect(ends).toEqual(byServer);
    expect(socket.ends).toEqual(byServer.map((name) => (name === 'slowConsumer' ? 'terminated' : ENDS[name])));
    if (state !== 'closed') return;
    expect(connection.info().subscriptions).toEqual([]);
    const pings = socket.pings.length;
    this.#room.machine.pass(5 * MINUTE);
    expect(socket.pings).toHaveLength(pings);
    expect(connection.announceShutdown()).toBe(false);
  }

  async #opened(): Promise<void> {
    this.#client.open();
    this.#open = true;
    if (this.#variant !== 'the WebSocket API') return;
    const form = { validity: String(24 * HOUR) };
    const { result } = await call(this.#room, 'POST', '/sapi/v1/userListenToken', apiKeyText('aliceHmac'), form);
    const frames = await this.#client.ask('userDataStream.subscribe.listenToken', { listenToken: result?.token });
    expect(frames).toMatchObject([{ status: 200 }]);
  }

  async #ended(way: string): Promise<void> {
    const { connection, socket } = this.#client;
    const name = await this.#bring(way);
    if (this.#open) this.#end = name;
    this.#open = false;
    socket.room = Number.POSITIVE_INFINITY;
    // The close that the server asked for comes back once the peer has answered it, or not at all.
    if (way === 'by a pong that stays out') connection.closed();
  }

  async #bring(way: string): Promise<EndName> {
    const { connection, socket } = this.#client;
    const { house, machine } = this.#room;
    if (!this.#open) {
      connection.end('endedByAdmin');
      return 'endedByAdmin';
    }
    switch (way) {
      case 'by a pong that stays out':
        socket.pong = () => undefined;
        machine.pass(2 * MINUTE);
        return 'pongTimeout';
      case 'by a peer that does not read':
        socket.room = 0;
        await house.journal.append([{ stream: this.#stream, type: 'SOMETHING', body: BODY }]);
        return 'slowConsumer';
      case 'by the stop of the server':
        connection.end('shutdown');
        return 'shutdown';
      default:
        connection.end('endedByAdmin');
        return 'endedByAdmin';
    }
  }

  #ask(method: string) {
    return this.#client.ask(method);
  }
}

/** Raw, wrapped, or beside its subscriptionId. */
function eventOf(frame: Record<string, unknown>): Record<string, unknown> {
  return (frame.event ?? frame.data ?? frame) as Record<string, unknown>;
}

lifecycleWalks({
  lifecycle: CONNECTION_LIFECYCLE,
  variants: VARIANTS,
  ways: {
    opened: ['at once'],
    shutdownAnnounced: ['at once'],
    ended: ['by the operator', 'by a pong that stays out', 'by a peer that does not read', 'by the stop of the server'],
    closed: ['at once'],
  },
  begin: (variant) => ConnectionLife.begin(VARIANTS.find((name) => name === variant) ?? 'a stream'),
  held: ['connecting', 'open', 'draining', 'closed'],
});
