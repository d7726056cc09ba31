import type { OpenHandler } from './handler.ts';

export const time: OpenHandler = (_call, house) => ({ serverTime: house.clock.now() });
