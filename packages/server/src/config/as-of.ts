/** `--as-of` and `{"asOf":…}`: an instant whose rules are known (design: outside contract §4.1). */
import { AS_OF_FORM, type AsOf, parseAsOf, type Rules, rulesAsOf } from '@listenpost/protocol';
import { z } from 'zod';
import { given } from './problems.ts';

/** The rules of that instant. */
export const rulesText = z.unknown().transform((input, context): Rules => {
  const asOf = typeof input === 'string' ? parseAsOf(input) : undefined;
  try {
    if (asOf !== undefined) return rulesAsOf(asOf);
    context.addIssue({ code: 'custom', message: `${given(input)}; expected ${AS_OF_FORM}` });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
  return z.NEVER;
});

export const asOfText = rulesText.transform(({ asOf }): AsOf => asOf);
