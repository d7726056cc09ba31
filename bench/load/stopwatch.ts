/** Calls between two looks at the clock. */
const CALLS_PER_LOOK = 1000;

/** Nanoseconds that one call takes in a tight loop. It is run twice: for the compiler, then to count. */
export function nsPerCall(forMs: number, call: (nth: number) => void): number {
  measured(forMs, call);
  return measured(forMs, call);
}

function measured(forMs: number, call: (nth: number) => void): number {
  const from = Bun.nanoseconds();
  const until = from + forMs * 1e6;
  let calls = 0;
  let now = from;
  while (now < until) {
    for (const end = calls + CALLS_PER_LOOK; calls < end; calls++) call(calls);
    now = Bun.nanoseconds();
  }
  return (now - from) / calls;
}
