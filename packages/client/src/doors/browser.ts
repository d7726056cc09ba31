/**
 * The doors of a browser, and of every runtime with `fetch` and `WebSocket`: nothing of Node is imported. Pages can send no ping
 * frame, so that there is no `ping`: whether a silent connection lives must be asked in the protocol.
 */
import type { Connect, Doors, Http, SocketHandlers, Timer } from '../doors.ts';
import { abortError, CLOSE_WITHIN_MS, CLOSED_ABNORMALLY, MESSAGE_BYTES_MAX, tooLarge } from './bounds.ts';
import { machineClock, machineRandom } from './machine-clock.ts';

/** The machine's clock, `fetch` and `WebSocket`: what streams in a page run on unless `doors` says otherwise. */
export function browserDoors(): Doors {
  return { clock: machineClock, random: machineRandom, http: fetched, connect };
}

// --- HTTP --------------------------------------------------------------------------------------------------------------

/** No cookies and no cache: what a venue answers depends on the API key alone, and on the moment. */
const fetched: Http = async ({ method, url, headers }, signal) => {
  if (signal.aborted) throw abortError(signal);
  if (!URL.canParse(url)) throw new TypeError('the URL cannot be read');
  const whole: RequestInit = { method, headers, signal, credentials: 'omit', cache: 'no-store', redirect: 'error' };
  try {
    const response = await fetch(url, whole);
    const text = await bounded(response);
    return { status: response.status, headers: Object.fromEntries(response.headers), text };
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    // The runtime's own error may hold the URL, which may be signed or name a listenKey.
    throw new Error(error instanceof Error ? error.message : 'the request failed');
  }
};

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (const reader = response.body?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > MESSAGE_BYTES_MAX) {
      await reader.cancel();
      throw tooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

// --- WebSockets --------------------------------------------------------------------------------------------------------

const connect: Connect = (url, handlers) => {
  const told = untilClosed(handlers);
  const socket = dial(url);
  if (socket === undefined) {
    told.end('the URL cannot be opened');
    return { send: ignored, close: ignored, terminate: ignored };
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => told.opened();
  socket.onmessage = ({ data }) => {
    if (sizeOf(data) <= MESSAGE_BYTES_MAX) told.message(typeof data === 'string' ? data : new Uint8Array(data));
    else cut('a frame was too large');
  };
  socket.onclose = ({ code, reason }) => told.closed(code, reason);
  // Says nothing; `close` follows.
  socket.onerror = ignored;

  /** A page cannot drop a connection: it is left to close by itself, and what it still says is not listened to. */
  function cut(reason: string): void {
    socket?.close();
    told.end(reason);
  }
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close() {
      socket.close(1000);
      told.endAfter(CLOSE_WITHIN_MS, 'the close was not answered');
    },
    terminate: () => cut('terminated'),
  };
};

function ignored(): void {}

function dial(url: string): WebSocket | undefined {
  try {
    return new WebSocket(url);
  } catch {
    return undefined;
  }
}

/** Characters of a text, which are at most its bytes: the bound errs on the side of taking it. */
function sizeOf(data: string | ArrayBuffer): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}

interface Told extends Omit<SocketHandlers, 'ponged'> {
  /** Nothing is passed on any more but `closed`, in another turn. */
  end(reason: string): void;
  endAfter(delayMs: number, reason: string): void;
}

/** Passes on until `closed`, and nothing after it. */
function untilClosed(handlers: SocketHandlers): Told {
  let ended = false;
  let late: Timer | undefined;
  const endAfter = (delayMs: number, reason: string): void => {
    if (!ended) late ??= machineClock.after(delayMs, () => closed(CLOSED_ABNORMALLY, reason));
  };
  function closed(code: number, reason: string): void {
    if (ended) return;
    ended = true;
    late?.cancel();
    handlers.closed(code, reason);
  }
  return {
    opened() {
      if (!ended) handlers.opened();
    },
    message(data) {
      if (!ended) handlers.message(data);
    },
    closed,
    end(reason) {
      if (ended) return;
      ended = true;
      late?.cancel();
      setTimeout(() => handlers.closed(CLOSED_ABNORMALLY, reason), 0);
    },
    endAfter,
  };
}
