/**
 * Time that a day passes in, for clients that know nothing of it: imported before them. `moveTime(ms)` moves `Date`, and runs the timers
 * of ten minutes and more that fell due (keepalives, renewals). Shorter ones are heartbeats and pauses: they go on in the machine's
 * time, since what a day of them would have done is that nothing happened.
 */
const LONG_MS = 10 * 60_000;

const {
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout,
  setInterval: realSetInterval,
  clearInterval: realClearInterval,
} = globalThis;
const RealDate = Date;

let offsetMs = 0;
const now = () => RealDate.now() + offsetMs;

/** By the handle that the client holds. */
const long = new Map();

function arm(handle, timer) {
  timer.real = realSetTimeout(() => fire(handle, timer), Math.max(0, timer.due - now()));
  if (timer.unref) timer.real.unref();
}

function fire(handle, timer) {
  if (timer.every === undefined) long.delete(handle);
  else {
    timer.due += timer.every;
    arm(handle, timer);
  }
  timer.run();
}

function later(run, delayMs, every) {
  const timer = { due: now() + delayMs, every, run, unref: false, real: undefined };
  const handle = {
    ref: () => handle,
    hasRef: () => !timer.unref,
    unref: () => {
      timer.unref = true;
      timer.real.unref();
      return handle;
    },
    [Symbol.dispose]: () => clear(handle),
  };
  long.set(handle, timer);
  arm(handle, timer);
  return handle;
}

function clear(handle) {
  const timer = long.get(handle);
  if (timer === undefined) return false;
  long.delete(handle);
  realClearTimeout(timer.real);
  return true;
}

globalThis.setTimeout = (run, delayMs = 0, ...args) =>
  delayMs >= LONG_MS ? later(() => run(...args), delayMs) : realSetTimeout(run, delayMs, ...args);
globalThis.setInterval = (run, everyMs = 0, ...args) =>
  everyMs >= LONG_MS ? later(() => run(...args), everyMs, everyMs) : realSetInterval(run, everyMs, ...args);
globalThis.clearTimeout = (handle) => {
  if (!clear(handle)) realClearTimeout(handle);
};
globalThis.clearInterval = (handle) => {
  if (!clear(handle)) realClearInterval(handle);
};

globalThis.Date = class MovedDate extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }

  static now() {
    return now();
  }
};

export function moveTime(ms) {
  offsetMs += ms;
  const timers = [...long].sort(([, a], [, b]) => a.due - b.due);
  for (const [handle, timer] of timers) {
    realClearTimeout(timer.real);
    arm(handle, timer);
  }
}
