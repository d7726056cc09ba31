/** A fault as the admin API is asked for it: `{"fault":"delay","by":"2s","account":"demo","times":3}`. */
import { z } from 'zod';
import { oneOf, strictObject } from '../config/problems.ts';
import {
  type Aim,
  type Bound,
  type FaultName,
  type FaultRow,
  type FaultSpec,
  PRODUCT_IDS,
  type Taken,
} from './fault.ts';
import { FAULTS } from './index.ts';
import { anyOf, anyText, chance, duration, taken, wholeNumber } from './settings.ts';

const COUNT_MAX = 1_000_000_000;
const SEED_MAX = 2 ** 32 - 1;

/** Whom a fault is aimed at and how it is bounded, of those that take it. */
export const COMMON: Readonly<Record<Aim | Bound | 'seed', Taken>> = {
  account: taken(anyText, '<id>', "this account's alone"),
  product: taken(anyOf(PRODUCT_IDS), '<product>', "this product's alone"),
  connection: taken(anyText, '<id>', 'this connection alone, by its id in GET /admin/v1/sessions'),
  probability: taken(chance, '<0..1>', 'how likely it acts, each time it could'),
  seed: taken(wholeNumber(0, SEED_MAX), '<number>', 'of that likelihood; without one it is drawn, and told'),
  after: taken(wholeNumber(0, COUNT_MAX), '<count>', 'lets so many go by first'),
  times: taken(wholeNumber(1, COUNT_MAX), '<count>', 'acts so often, and no more'),
  for: taken(duration, '<duration>', 'ends by itself after so much virtual time'),
};

/** The names of what the row takes, its own first. */
export function namesOf({ takes: own, aims, bounds }: FaultRow): readonly string[] {
  return [...Object.keys(own), ...aims, ...bounds, ...(bounds.includes('probability') ? ['seed'] : [])];
}

export const parameterOf = (row: FaultRow, name: string) => row.takes[name] ?? COMMON[name as keyof typeof COMMON];

const NAMES = FAULTS.map(({ name }) => name) as [FaultName, ...FaultName[]];

const FAULT = z.looseObject(
  { fault: oneOf(NAMES) },
  { error: 'expected an object such as {"fault":"delay","by":"2s"}' },
);

const SCHEMAS: ReadonlyMap<FaultName, z.ZodType> = new Map(FAULTS.map((row) => [row.name, schemaOf(row)]));

function schemaOf(row: FaultRow) {
  const shape = Object.fromEntries(namesOf(row).map((name) => [name, parameterOf(row, name).schema]));
  return strictObject({ fault: z.string(), ...shape }).superRefine((value, context) => {
    const given = value as Readonly<Record<string, unknown>>;
    if (given['seed'] === undefined || given['probability'] !== undefined) return;
    context.addIssue({ code: 'custom', path: ['seed'], message: 'is of the dice; give "probability" with it' });
  });
}

/**
 * In two steps, so that a fault's parameters are told by its own row. `check` reads a value by a schema, and throws what the
 * caller answers where it does not fit.
 */
export function faultSpecOf(
  value: unknown,
  check: <Value>(schema: z.ZodType<Value>, value: unknown) => Value,
): FaultSpec {
  const { fault } = check(FAULT, value);
  const row = rowOf(fault);
  return specOf(row, check(SCHEMAS.get(row.name) ?? FAULT, value) as Readonly<Record<string, unknown>>);
}

function rowOf(name: FaultName): FaultRow {
  const row = FAULTS.find((each) => each.name === name);
  if (row === undefined) throw new Error(`the fault "${name}" has no row`);
  return row;
}

function specOf(row: FaultRow, { for: forMs, ...given }: Readonly<Record<string, unknown>>): FaultSpec {
  const own = Object.keys(row.takes);
  const common = Object.entries(given).filter(([name, value]) => value !== undefined && !own.includes(name));
  const settings = Object.fromEntries(own.map((name) => [name, given[name]]));
  return { ...Object.fromEntries(common), ...(forMs === undefined ? {} : { forMs }), settings } as unknown as FaultSpec;
}
