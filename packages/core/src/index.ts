export * from './accounts.ts';
export * from './clock.ts';
export * from './crypto.ts';
export * from './journal.ts';
export * from './random.ts';
export * from './redacted.ts';
export * from './registry-store.ts';
export * from './socket.ts';
