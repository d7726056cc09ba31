/** From here on a venue's time is in microseconds: in ms it would be the year 5138 (spot-margin §4.2, "Client: never assume"). */
const MICROSECONDS_FROM = 1e14;

/** A time that a venue told, in ms, whichever unit its connection speaks. */
export const msOf = (time: number): number => (time >= MICROSECONDS_FROM ? time / 1000 : time);
