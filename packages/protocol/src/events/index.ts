export * from './check.ts';
export * from './events.ts';
export * from './row.ts';
export * from './system-event.ts';
export type { EventTable, FieldType } from './table.ts';
