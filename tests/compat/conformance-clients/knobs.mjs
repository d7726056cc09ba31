/**
 * A client that passes every check of USDⓈ-M, and of margin what comes over the WebSocket API; each of KNOBS takes one care away:
 * `npm test -- compat/conformance` proves by it that a check fails who should fail. Two knobs are other ways to do it right:
 * `same-connection`, `slow`.
 */
import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';

const env = process.env;
const KNOBS = new Set((env.KNOBS ?? '').split(','));
const careful = (knob) => !KNOBS.has(knob);

const MINUTE = 60_000;
const RECONNECT_MS = KNOBS.has('slow') ? 12_000 : 100;
const LATE_MS = 10_000;

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What fails unseen ends the client: a check would take it for a care that is lacking. */
const going = (work) => {
  work.catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
};

class Refused extends Error {
  constructor(status, { code, msg }, retryAfter) {
    super(msg);
    Object.assign(this, { status, code, retryAfterMs: Number(retryAfter) * 1000 });
  }
}

/** What both ways to listen share: requests, and what is delivered. */
class Account {
  #seen = new Set();
  #latest = 0;
  #clockOffMs = 0;

  constructor(label, apiKey, secret) {
    Object.assign(this, { label, apiKey, secret });
  }

  async call(method, path, params) {
    const response = await fetch(
      `${env.LISTENPOST_REST_URL}${path}${params === undefined ? '' : `?${this.signed(params)}`}`,
      {
        method,
        headers: { 'X-MBX-APIKEY': this.apiKey },
      },
    );
    const body = await response.json();
    if (!response.ok) throw new Refused(response.status, body, response.headers.get('retry-after'));
    return body;
  }

  signed(params) {
    const query = new URLSearchParams({ ...params, timestamp: String(Date.now() + this.#clockOffMs) }).toString();
    return `${query}&signature=${createHmac('sha256', this.secret).update(query).digest('hex')}`;
  }

  /** By the venue's clock from now on. */
  async askTime() {
    const response = await fetch(`${env.LISTENPOST_REST_URL}/api/v3/time`);
    this.#clockOffMs = (await response.json()).serverTime - Date.now();
  }

  /** Until the venue answers. */
  async obtain(ask) {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!careful('gives-up')) throw error;
        if (error.code === -1021 && careful('own-clock')) await this.askTime();
        await wait(error.status === 429 && careful('hasty') ? error.retryAfterMs : Math.max(RECONNECT_MS, 500));
      }
    }
  }

  delivers(event) {
    if (KNOBS.has('mute')) return;
    const text = JSON.stringify(event);
    if (careful('repeats') && this.#seen.has(text)) return;
    this.#seen.add(text);
    if (KNOBS.has('drops-older') && event.E < this.#latest) return;
    this.#latest = Math.max(this.#latest, event.E);
    if (KNOBS.has('drops-late') && Date.now() - event.E > LATE_MS) return;
    say({ account: careful('one-label') ? this.label : '1', event });
  }

  /** Gone, or silent: a connection that answers no ping within seconds is none. */
  guard(socket) {
    if (!careful('no-ping')) return;
    let answered = true;
    const timer = setInterval(() => {
      if (!answered) return socket.terminate();
      answered = false;
      socket.ping();
    }, 3_000);
    socket.on('pong', () => {
      answered = true;
    });
    socket.on('close', () => clearInterval(timer));
  }
}

class ByListenKey extends Account {
  #key;
  #socket;
  #changedAt;
  #heardAt = 0;

  async listen() {
    await this.#renew();
    await this.#open();
    setInterval(() => going(this.#watch()), 5 * MINUTE);
    if (careful('no-keepalive')) setInterval(() => going(this.#extend()), 30 * MINUTE);
  }

  async #renew() {
    this.#key = (await this.obtain(() => this.call('POST', '/fapi/v1/listenKey'))).listenKey;
  }

  async #extend(attempts = careful('no-retry') ? 3 : 1) {
    for (let left = attempts; left > 0; left--) {
      try {
        return await this.call('PUT', '/fapi/v1/listenKey');
      } catch (error) {
        if (error.code === -1125) {
          if (careful('ignores-1125')) await this.#replace();
          return;
        }
        await wait(500);
      }
    }
  }

  /** Another key, and a reader of it. */
  async #replace() {
    if (careful('same-connection')) return this.#socket.terminate();
    await this.#renew();
    this.#socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: [this.#key], id: 1 }));
  }

  async #open() {
    const socket = new WebSocket(`${env.LISTENPOST_WS_URL}/private/ws/${this.#key}`);
    this.#socket = socket;
    this.guard(socket);
    socket.on('message', (text) => going(this.#heard(JSON.parse(text))));
    socket.on('error', () => undefined);
    socket.on('close', () => going(this.#again()));
    await new Promise((resolve) => socket.once('open', resolve));
  }

  async #again() {
    if (!careful('stays-away')) return;
    await wait(RECONNECT_MS);
    await this.#renew();
    await this.#open();
  }

  async #heard(event) {
    if (event.e === undefined) return;
    if (event.e !== 'listenKeyExpired') {
      this.#heardAt = Math.max(this.#heardAt, event.E);
      if (KNOBS.has('asks-when-late') && Date.now() - event.E > LATE_MS) await this.#renew();
      this.delivers(event);
    } else if (careful('deaf')) await this.#replace();
  }

  /** Whether the account changed and the stream did not say so. */
  async #watch() {
    if (!careful('trusts')) return;
    const { assets, positions } = await this.call('GET', '/fapi/v3/account', {});
    const changedAt = Math.max(...[...assets, ...positions].map(({ updateTime }) => updateTime));
    const known = this.#changedAt ?? changedAt;
    this.#changedAt = changedAt;
    if (changedAt > known && this.#heardAt < changedAt) this.#socket.terminate();
  }
}

class ByListenToken extends Account {
  #socket;

  async listen() {
    this.#socket = new WebSocket(`${env.LISTENPOST_WS_URL}/ws-api/v3`);
    this.guard(this.#socket);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (text) => {
      const { event } = JSON.parse(text);
      if (event !== undefined) this.delivers(event);
    });
    this.#socket.on('close', () => going(wait(RECONNECT_MS).then(() => this.listen())));
    await new Promise((resolve) => this.#socket.once('open', resolve));
    await this.#subscribe();
    if (careful('no-renewal')) setInterval(() => going(this.#subscribe()), 12 * 60 * MINUTE);
  }

  async #subscribe() {
    const { token } = await this.obtain(() => this.call('POST', '/sapi/v1/userListenToken', {}));
    const method = 'userDataStream.subscribe.listenToken';
    this.#socket.send(JSON.stringify({ id: 1, method, params: { listenToken: token } }));
    await new Promise((resolve) => {
      this.#socket.on('message', function answered(text) {
        if (JSON.parse(text).status !== 200) return;
        this.off('message', answered);
        resolve();
      });
    });
  }
}

const Listener = env.LISTENPOST_PRODUCT === 'margin' ? ByListenToken : ByListenKey;
await Promise.all([
  new Listener('1', env.LISTENPOST_API_KEY, env.LISTENPOST_API_SECRET).listen(),
  new Listener('2', env.LISTENPOST_API_KEY_2, env.LISTENPOST_API_SECRET_2).listen(),
]);
say({ ready: true });
// With nothing to listen to it waits all the same.
setInterval(() => undefined, 1000);
