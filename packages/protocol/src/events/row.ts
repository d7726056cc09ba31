/** Placeholder contract; see the event tables. */
import type { ProductId } from '../products.ts';

export interface EventRow {
  readonly name: string;
  readonly product: ProductId;
  readonly system: boolean;
}
export interface Violation {
  readonly path: string;
  readonly problem: string;
}
export function eventRow(_product: ProductId, _name: string): EventRow | undefined {
  return undefined;
}
export function checkEvent(_row: EventRow, _event: object, _validation: 'strict' | 'types'): Violation | null {
  return null;
}
export function listenKeyExpired(_product: ProductId, _eventTimeMs: number, _listenKey: string): string {
  return '';
}
