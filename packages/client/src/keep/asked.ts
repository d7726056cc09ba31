import type { Clock } from '../doors.ts';
import { NetworkError, RateLimitError, UserDataStreamError } from '../errors.ts';

export interface Asking {
  readonly clock: Clock;
  /** Aborted when the stream is closed: nothing is waited for any more. */
  readonly closing: AbortSignal;
}

/** As long as a call to the venue may take (spot-margin §1.4). */
const WITHIN_MS = 10_000;

/**
 * What a function of the user's answers. That it fails says nothing of tomorrow, unless it throws an error that says so; what it
 * said stays in `cause`, where no message can carry a secret of it on.
 */
export async function asked<Answer>(
  { clock, closing }: Asking,
  option: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  if (closing.aborted) throw new NetworkError(`${option}: its function was not asked: the stream is closed`);
  let release = (): void => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = (why: string) => reject(new NetworkError(`${option}: its function ${why}`));
    const timer = clock.after(WITHIN_MS, () => giveUp(`did not answer within ${WITHIN_MS} ms`));
    const closed = () => giveUp('was not waited for: the stream is closed');
    closing.addEventListener('abort', closed);
    release = () => {
      timer.cancel();
      closing.removeEventListener('abort', closed);
    };
  });
  try {
    return await Promise.race([ask(), givenUp]);
  } catch (cause) {
    // A limit that it met is its own: it says when by another clock than ours, and is asked again after the usual pause.
    if (cause instanceof UserDataStreamError && !(cause instanceof RateLimitError)) throw cause;
    throw new NetworkError(`${option}: its function failed`, { cause });
  } finally {
    release();
  }
}
