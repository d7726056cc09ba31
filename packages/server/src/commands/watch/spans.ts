/** Text with its colours, kept apart until it is written: what must fit a terminal's width is measured without them. */
import { styleText } from 'node:util';
import type { Tone } from './columns.ts';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export const span = (text: string, tone?: Tone): Span => ({ text, tone });

/** As `FORCE_COLOR` and `NO_COLOR` say, in this order; else where a terminal reads that has colours. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: terminal } = env;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (none !== undefined && none !== '') return false;
  return isTerminal && terminal !== 'dumb';
}

export function painted(spans: readonly Span[], colour: boolean): string {
  return spans
    .map(({ text, tone }) =>
      colour && tone !== undefined && text !== '' ? styleText(tone, text, { validateStream: false }) : text,
    )
    .join('');
}

/** At most so many characters, the last of them a mark where something is left out. */
export function fitted(spans: readonly Span[], width: number): Span[] {
  const fits: Span[] = [];
  let left = width;
  for (const { text, tone } of spans) {
    if (text.length > left) {
      if (left > 0) fits.push({ text: `${text.slice(0, left - 1)}…`, tone });
      return fits;
    }
    fits.push({ text, tone });
    left -= text.length;
  }
  return fits;
}

/**
 * Text of a venue may hold anything, also what moves a terminal's cursor: such characters are shown by their numbers.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
