/** What faults take, as the admin API and the command line read it: every value may also come as text. */
import type { z } from 'zod';
import { alternatives, parsedText } from '../config/problems.ts';
import { DURATION_FORM, parseDuration } from '../config/units.ts';
import type { Taken } from './fault.ts';

export const duration = parsedText(DURATION_FORM, parseDuration);

/** `-5s`, `2m`: also backwards. */
export const signedDuration = parsedText(`${DURATION_FORM}, or the same with a minus`, (text) => {
  const ms = parseDuration(text.replace(/^[-+]/, ''));
  return ms === undefined ? undefined : text.startsWith('-') ? -ms : ms;
});

export const wholeNumber = (min: number, max: number) =>
  parsedText(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });

export const chance = parsedText('a number above 0 and up to 1', (text) => {
  const value = /^\d(\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
  return value > 0 && value <= 1 ? value : undefined;
});

export const anyText = parsedText('a text', (text) => (text === '' ? undefined : text));

export const anyOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  parsedText(alternatives(names), (text): Names[number] | undefined => names.find((name) => name === text));

/** A parameter that may be left out. */
export const taken = (schema: z.ZodType, form: string, meaning: string): Taken => ({
  schema: schema.optional(),
  form,
  meaning,
  mandatory: false,
});

export const needed = (schema: z.ZodType, form: string, meaning: string): Taken => ({
  schema,
  form,
  meaning,
  mandatory: true,
});
