/**
 * Frames in SBE, apart from the rest: the tables of its schema are for those who ask for it.
 *
 * @module @listenpost/client/sbe
 */

export type { Format, FormatOptions } from './wire/event-frame.ts';
export { sbe } from './wire/sbe.ts';
