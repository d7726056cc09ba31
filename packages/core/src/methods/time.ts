import type { OpenHandler } from './handler.ts';

export const time: OpenHandler = ({ instant }, house) => ({ serverTime: instant(house.clock.now()) });
