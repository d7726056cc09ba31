export * from './connection.ts';
export * from './lifecycle.ts';
export * from './listenKey.ts';
export * from './listenToken.ts';
export * from './session.ts';
