/** One connection to `/ws-api/v3`: requests answered by id, and the events of its subscriptions. */

interface Answer {
  readonly status: number;
  readonly result?: { readonly subscriptionId: number };
  readonly error?: unknown;
}

export class ApiSession {
  /** Every frame that is no answer, as it came. */
  event: (frame: string) => void = () => undefined;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #failed: (error: Error) => void;
  #nextId = 1;
  #ending = false;

  private constructor(socket: WebSocket, failed: (error: Error) => void) {
    this.#socket = socket;
    this.#failed = failed;
    socket.onmessage = ({ data }) => this.#frame(String(data));
    socket.onclose = ({ code, reason }) => this.#closed(`the server closed /ws-api/v3: ${code} ${reason}`);
  }

  /** `url`: the server's base, `http://host:port`. `failed` is told when the connection ends before `close`. */
  static async open(url: string, failed: (error: Error) => void): Promise<ApiSession> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws-api/v3`);
    const opening = Promise.withResolvers<void>();
    socket.onopen = () => opening.resolve();
    socket.onerror = () => opening.reject(new Error(`${url}/ws-api/v3 could not be opened`));
    await opening.promise;
    return new ApiSession(socket, failed);
  }

  /** The subscriptionId. Rejects, with the answer, when the token is refused. */
  async subscribe(listenToken: string): Promise<number> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    const params = { listenToken };
    this.#socket.send(JSON.stringify({ id, method: 'userDataStream.subscribe.listenToken', params }));
    const answer = await waiting.promise;
    if (answer.result === undefined) throw new Error(`a subscribe was answered: ${JSON.stringify(answer)}`);
    return answer.result.subscriptionId;
  }

  close(): void {
    this.#ending = true;
    this.#socket.close();
  }

  #frame(text: string): void {
    if (!text.startsWith('{"id":')) {
      this.event(text);
      return;
    }
    const { id, ...answer } = JSON.parse(text) as Answer & { id: number };
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  #closed(reason: string): void {
    if (this.#ending) return;
    const error = new Error(reason);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#failed(error);
  }
}
