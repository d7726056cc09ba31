/**
 * Readers of option values. Each refuses with the form it wants.
 */
import { InvalidArgumentError } from 'commander';
import { DURATION_FORM, parseDuration } from '../config/units.ts';

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** In ms. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${DURATION_FORM}.`);
  return ms;
}

/** Without a trailing slash, so that paths can be put behind it. */
export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:9011.');
  }
  return url.href.replace(/\/+$/, '');
}

/** For options that may be given again and again. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
