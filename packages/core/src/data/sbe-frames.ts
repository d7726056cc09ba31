import { encodeEvent, nonRepresentable, SbeError, stampSubscriptionId } from '@listenpost/protocol';

/** The null of `subscriptionId`: the key of the frame that no subscription has stamped. */
const UNSTAMPED = 65_535;

/** Stamped frames of one record that are kept. Beyond them a reader pays for its own copy. */
const KEPT_MAX = 64;

/**
 * Makes the SBE frame of a record once for all who read it: they come one after the other. Nearly all read it under the
 * same subscriptionId and share the very bytes; another id costs a copy, never a second encoding.
 */
export class SbeFrames {
  #body = '';
  /** By version and subscriptionId. */
  readonly #frames = new Map<number, Uint8Array>();

  /** `body` has its times in milliseconds. */
  of(version: number, subscriptionId: number, body: string): Uint8Array {
    if (body !== this.#body) {
      this.#frames.clear();
      this.#body = body;
    }
    const key = keyOf(version, subscriptionId);
    const kept = this.#frames.get(key);
    if (kept !== undefined) return kept;
    const frame = stampSubscriptionId(this.#unstamped(version), subscriptionId);
    if (this.#frames.size < KEPT_MAX) this.#frames.set(key, frame);
    return frame;
  }

  #unstamped(version: number): Uint8Array {
    const key = keyOf(version, UNSTAMPED);
    const kept = this.#frames.get(key);
    if (kept !== undefined) return kept;
    const frame = sbeEvent(version, this.#body);
    this.#frames.set(key, frame);
    return frame;
  }
}

/** Versions are 16 bits wide, as ids are. */
const keyOf = (version: number, subscriptionId: number): number => version * 65_536 + subscriptionId;

/** An event that the schema cannot carry is told as such: its reader must not take it for one that never was. */
function sbeEvent(version: number, body: string): Uint8Array {
  try {
    return encodeEvent(version, body);
  } catch (cause) {
    if (cause instanceof SbeError) return nonRepresentable(version);
    throw cause;
  }
}
