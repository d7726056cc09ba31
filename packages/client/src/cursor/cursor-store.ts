/**
 * Where a bot keeps how far it has got. `key` names one bot's stream; `cursor` is opaque text of at most some kilobytes.
 *
 * Guarantees that an implementation must give: `save` resolves once a later `load`, also of another process after a crash,
 * answers what was saved; a crash in the middle of a `save` leaves either the old text or the new one.
 */
export interface CursorStore {
  /** What was saved last under this key; undefined where nothing was. */
  load(key: string): Promise<string | undefined>;
  /** Rejects where it cannot be kept: the stream then ends with `CursorStoreError`. */
  save(key: string, cursor: string): Promise<void>;
}
