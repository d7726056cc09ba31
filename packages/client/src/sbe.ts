/** Frames in SBE, apart from the rest: the tables of its schema are for those who ask for it. */
export { sbe } from './wire/sbe.ts';
