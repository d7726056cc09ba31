/** `Retry-After` of a 429 or 418, in ms. Without it: a minute, the shortest window there is that a whole weight pool fits. */
export function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : 60_000;
}
