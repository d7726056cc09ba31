/** The load's clock starts here, so that a stamp has ten digits from the first until two and a half hours later. */
const START_US = 1_000_000_000;

export const STAMP_DIGITS = 10;

/** Whole microseconds of the monotonic clock. Publishers and receivers share the process, so no clocks are compared. */
export function nowUs(): number {
  return START_US + Math.floor(Bun.nanoseconds() / 1000);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
