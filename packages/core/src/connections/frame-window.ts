/** Counts incoming frames by the second. The window opens with its first frame and lasts one second. */
export class FrameWindow {
  #openedAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** Whether one more frame at `now` is still within `perSecond`. */
  admits(now: number, perSecond: number): boolean {
    if (now - this.#openedAt >= 1000) {
      this.#openedAt = now;
      this.#count = 0;
    }
    this.#count++;
    return this.#count <= perSecond;
  }
}
