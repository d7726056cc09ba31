/** The doors of the SDK with a pen beside each: what goes through is what went through, and it is written down. */
import type { Doors, HttpResponse } from '@listenpost/client';
import type { RecordingLine } from '../../recording/format.ts';

/** What is written of a moment, before it has its time. */
type Written = RecordingLine extends infer Line ? (Line extends RecordingLine ? Omit<Line, 'at'> : never) : never;

export function recordingDoors(inner: Doors, write: (line: Written) => void): Doors {
  let connections = 0;
  return {
    ...inner,
    async http(request, signal) {
      const began = performance.now();
      const { pathname, search } = new URL(request.url);
      const line = { kind: 'rest', method: request.method, path: pathname, query: search.slice(1) } as const;
      const ms = () => Math.round(performance.now() - began);
      try {
        const response: HttpResponse = await inner.http(request, signal);
        const retryAfter = response.headers['retry-after'];
        write({
          ...line,
          ms: ms(),
          status: response.status,
          ...(retryAfter === undefined ? {} : { retryAfter }),
          body: response.text,
        });
        return response;
      } catch (cause) {
        write({ ...line, ms: ms(), failed: cause instanceof Error ? cause.message : String(cause) });
        throw cause;
      }
    },
    connect(url, handlers) {
      connections += 1;
      const connection = connections;
      const { pathname, search } = new URL(url);
      write({ kind: 'open', connection, path: pathname, query: search.slice(1) });
      let by: 'venue' | 'client' = 'venue';
      const socket = inner.connect(url, {
        opened() {
          write({ kind: 'opened', connection });
          handlers.opened();
        },
        message(data) {
          // Whoever records reads JSON.
          if (typeof data === 'string') write({ kind: 'receive', connection, frame: data });
          handlers.message(data);
        },
        ponged: () => handlers.ponged(),
        closed(code, reason) {
          write({ kind: 'close', connection, code, reason, by });
          handlers.closed(code, reason);
        },
      });
      const ours = (deed: () => void) => () => {
        by = 'client';
        deed();
      };
      return {
        send(text) {
          write({ kind: 'send', connection, frame: text });
          socket.send(text);
        },
        ...(socket.ping === undefined ? {} : { ping: () => socket.ping?.() }),
        close: ours(() => socket.close()),
        terminate: ours(() => socket.terminate()),
      };
    },
  };
}
