/**
 * What a callback has been given, in order, to be awaited instead of slept for.
 */
const ARRIVES_WITHIN_MS = 5_000;

export class Received {
  #items = [];
  #waiting = [];

  /** Give this to whatever takes a callback. */
  push = (item) => {
    this.#items.push(item);
    for (const check of this.#waiting) check();
  };

  /** What has come by now. */
  get soFar() {
    return [...this.#items];
  }

  /** Resolves with the items seen so far once there are `count` of them. */
  async atLeast(count) {
    await this.#until(() => this.#items.length >= count, `${count} items`);
    return [...this.#items];
  }

  /** Resolves with the first item, past or coming, that fits. */
  async first(fits) {
    await this.#until(() => this.#items.some(fits), 'one that fits');
    return this.#items.find(fits);
  }

  #until(holds, what) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`waited ${ARRIVES_WITHIN_MS} ms for ${what}; received ${JSON.stringify(this.#items)}`));
      }, ARRIVES_WITHIN_MS);
      const check = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== check);
        resolve();
      };
      this.#waiting.push(check);
      check();
    });
  }
}
