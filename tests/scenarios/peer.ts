/** The other end of a WebSocket, as a scenario sees it: frames in order, pings, and how it ended. */

/** A frame that never comes is a failed scenario, told by name instead of a hanging test. */
const PATIENCE_MS = 3000;

/** What the runtime's WebSocket has beside the standard's, which says nothing of pings. */
type PingingWebSocket = WebSocket & { ping(): void };

export class Peer {
  readonly #socket: PingingWebSocket;
  readonly #frames: (string | Uint8Array)[] = [];
  #read = 0;
  #pongs = 0;
  #wake: (() => void) | undefined;
  #ended: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: PingingWebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      this.#frames.push(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
      this.#wake?.();
    };
    socket.addEventListener('pong', () => {
      this.#pongs++;
      this.#wake?.();
    });
    socket.onclose = ({ code, reason }) => {
      this.#ended = { code, reason };
      this.#wake?.();
    };
  }

  static open(url: string): Promise<Peer> {
    const socket = new WebSocket(url) as PingingWebSocket;
    const peer = new Peer(socket);
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(peer);
      socket.onerror = () => reject(new Error(`the handshake at ${new URL(url).pathname} was refused`));
    });
  }

  /** The next frame, which must be text. */
  async text(): Promise<string> {
    return textOf(await this.#next());
  }

  /** The next frame, which must be binary. */
  async bytes(): Promise<Uint8Array> {
    const frame = await this.#next();
    if (typeof frame === 'string') throw new Error(`a text frame came where a binary one was awaited: ${frame}`);
    return frame;
  }

  /** The next frame, parsed. */
  async frame(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text()) as Record<string, unknown>;
  }

  /** Sends a request and gives back the next frame. */
  async ask(message: unknown): Promise<Record<string, unknown>> {
    this.send(message);
    return this.frame();
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Everything that came and was not read yet, once `marker` has come back: proof that nothing else is on the way. */
  async unread(marker: () => Promise<unknown>): Promise<string[]> {
    return (await this.unreadFrames(marker)).map(textOf);
  }

  /** The same, of text and binary frames. */
  async unreadFrames(marker: () => Promise<unknown>): Promise<(string | Uint8Array)[]> {
    await marker();
    const rest = this.#frames.slice(this.#read);
    this.#read = this.#frames.length;
    return rest;
  }

  /** One ping and its pong: whatever the server sent before has arrived when this resolves. */
  async ping(): Promise<void> {
    const pongs = this.#pongs;
    this.#socket.ping();
    await this.#until(() => this.#pongs > pongs, 'a pong');
  }

  async closed(): Promise<{ code: number; reason: string }> {
    await this.#until(() => this.#ended !== undefined, 'the close');
    return this.#ended as { code: number; reason: string };
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  drop(): void {
    this.#socket.close();
  }

  async #next(): Promise<string | Uint8Array> {
    await this.#until(() => this.#read < this.#frames.length, 'a frame');
    return this.#frames[this.#read++] as string | Uint8Array;
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const deadline = setTimeout(() => this.#wake?.(), PATIENCE_MS);
    const startedAt = performance.now();
    while (!done()) {
      if (performance.now() - startedAt >= PATIENCE_MS - 1)
        throw new Error(`${what} did not come within ${PATIENCE_MS} ms`);
      if (this.#ended !== undefined && what !== 'the close')
        throw new Error(`closed ${this.#ended.code} before ${what}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(deadline);
  }
}

function textOf(frame: string | Uint8Array): string {
  if (typeof frame === 'string') return frame;
  throw new Error(`a binary frame of ${frame.length} bytes came where text was awaited`);
}
