/**
 * Doors through which no error gets out. Timers and sockets call into a stream from a turn that is nobody's: what is thrown there
 * would end the process, or be an unhandled rejection. It is a fault, and ends the stream.
 */
import type { Doors } from '../doors.ts';

export type Fault = (cause: unknown) => void;

export function guardedDoors({ clock, random, http, connect }: Doors, fault: Fault): Doors {
  const guarded =
    <Args extends unknown[]>(act: (...args: Args) => void) =>
    (...args: Args): void => {
      try {
        act(...args);
      } catch (cause) {
        fault(cause);
      }
    };
  return {
    random,
    http,
    clock: {
      now: () => clock.now(),
      ticks: () => clock.ticks(),
      after: (delayMs, action) => clock.after(delayMs, guarded(action)),
    },
    connect: (url, { opened, message, ponged, closed }) =>
      connect(url, {
        opened: guarded(opened),
        message: guarded(message),
        ponged: guarded(ponged),
        closed: guarded(closed),
      }),
  };
}
