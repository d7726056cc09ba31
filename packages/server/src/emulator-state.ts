/**
 * All that an emulator without a data folder is made of, as JSON: what `listenpost dev` would find if it had been stopped there.
 * Connections, faults, rate-limit counts and the request journal are not in it: they end with a process as well.
 */
import type { RegistryContents } from '@listenpost/core';
import { type AsOf, parsePosition } from '@listenpost/protocol';
import { z } from 'zod';
import type { EmulatorState as Books } from './emulator/emulator.ts';
import type { StreamState } from './storage/memory-journal.ts';

export const SNAPSHOT_FORMAT = 2;

export interface EmulatorState {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly clock: { readonly now: number; readonly frozen: boolean };
  readonly asOf: AsOf;
  /** Where chance stands; null where it is the operating system's. */
  readonly random: { readonly seed: string; readonly drawn: number } | null;
  /** The key material behind listenKeys and listenTokens. */
  readonly secret: { readonly id: string; readonly value: string };
  readonly registry: {
    readonly listenKeys: RegistryContents['listenKeys'];
    readonly accounts: readonly (readonly [string, string])[];
    readonly settings: readonly (readonly [string, string])[];
  };
  readonly journal: readonly StreamState[];
  /** The scenarios' accounts, as `plainBooks` writes them. */
  readonly books: unknown;
}

const texts = z.array(z.tuple([z.string(), z.string()]));
const count = z.number().int().min(0);

const STATE: z.ZodType<EmulatorState> = z.strictObject({
  format: z.literal(SNAPSHOT_FORMAT, {
    error: `expected ${SNAPSHOT_FORMAT}: the snapshot is of another version of Listenpost`,
  }),
  clock: z.strictObject({ now: z.number().int(), frozen: z.boolean() }),
  asOf: z.union([z.literal('latest'), z.number().int()]) as z.ZodType<AsOf>,
  random: z.strictObject({ seed: z.string(), drawn: count }).nullable(),
  secret: z.strictObject({ id: z.string(), value: z.string() }),
  registry: z.strictObject({
    listenKeys: z.array(
      z.strictObject({
        id: count,
        stream: z.string(),
        secretId: z.string(),
        salt: z.string(),
        lookup: z.string(),
        deadline: z.number().int(),
      }),
    ),
    accounts: texts,
    settings: texts,
  }),
  journal: z.array(
    z.strictObject({
      stream: z.string(),
      epoch: z.string().refine((epoch) => parsePosition(`${epoch}:0`) !== undefined, { error: 'expected an epoch' }),
      last: count,
      events: z.array(z.strictObject({ type: z.string(), body: z.string() })),
    }),
  ),
  books: z.unknown(),
});

/** Throws an `Error` whose message names what is wrong with the snapshot. */
export function emulatorStateOf(value: unknown): EmulatorState {
  const result = STATE.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`snapshot: ${issue?.path.join('.') || 'as a whole'}: ${issue?.message}`);
}

/** Bigints and maps, which JSON has not, as objects of one member that no book has. */
export const plainBooks = (books: Books): unknown =>
  JSON.parse(
    JSON.stringify(books, (_name, value: unknown) => {
      if (typeof value === 'bigint') return { $bigint: String(value) };
      return value instanceof Map ? { $map: [...value] } : value;
    }),
  );

export const booksOf = (plain: unknown): Books =>
  JSON.parse(JSON.stringify(plain), (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bigint' in value) return BigInt(String(value.$bigint));
    return '$map' in value ? new Map(value.$map as [unknown, unknown][]) : value;
  }) as Books;
