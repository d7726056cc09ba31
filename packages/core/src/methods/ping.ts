import type { OpenHandler } from './handler.ts';

export const ping: OpenHandler = () => ({});
