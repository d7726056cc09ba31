import type { Params } from '../control/params.ts';
import { WireError } from '../control/wire-error.ts';

/** In any case of letters: margin calls write true and TRUE. */
export function isIsolated(params: Params): boolean {
  const text = params.text('isIsolated')?.toLowerCase() ?? 'false';
  if (text !== 'true' && text !== 'false') throw new WireError('INVALID_PARAMETER', ['isIsolated']);
  return text === 'true';
}
