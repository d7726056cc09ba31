/** What is asked for again and again, and not while nobody looks. */

/** The least part of its time that a server may spend on answering us. */
const REST_PER_WORK = 15;

/**
 * Asks now and then every `everyMs`; a server that takes long to answer is asked less often. A hidden page asks nothing. The
 * function that is returned ends it.
 */
export function poll(ask: () => Promise<void>, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const begin = () => {
    round().catch(reportError);
  };
  const round = async () => {
    const startedAt = performance.now();
    if (!document.hidden) await ask();
    if (over) return;
    const tookMs = performance.now() - startedAt;
    timer = setTimeout(begin, Math.max(everyMs, tookMs * REST_PER_WORK));
  };
  const onShown = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    begin();
  };
  document.addEventListener('visibilitychange', onShown);
  begin();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onShown);
  };
}
