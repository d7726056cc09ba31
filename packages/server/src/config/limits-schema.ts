/**
 * `limits`: `"binance"`, `"off"`, or single rows overridden by id. What is not named keeps the exchange's value.
 *
 *   {"pools": {"futures": {"limit": 4800}},
 *    "connections": {"usdm": {"framesPerSecond": 20, "streamsMax": 200, "pingEvery": "3m", "pongWithin": "10m",
 *                             "lifetime": "24h", "attempts": {"limit": 300, "window": "5m"}}}}
 *
 * Pools are the rows of `POOLS`; connections are named by product, or `ws-fapi`, `ws-dapi`, `ws-api`.
 */
import type { LimitSettings } from '@listenpost/core';
import type { ConnectionRow, Pool, PoolId } from '@listenpost/protocol';
import { POOLS, PRODUCTS, WS_APIS } from '@listenpost/protocol';
import { z } from 'zod';
import { given, parsedText, strictObject } from './problems.ts';
import { DURATION_FORM, parseDuration } from './units.ts';

export interface ResolvedLimits extends LimitSettings {
  /** By `ConnectionRow.name`. */
  readonly connections: Readonly<Record<string, ConnectionRow>>;
}

const CONNECTIONS: Readonly<Record<string, ConnectionRow>> = Object.fromEntries(
  [...Object.values(PRODUCTS), ...WS_APIS].map(({ connection }) => [connection.name, connection]),
);

/** 2^31 - 1 ms, near 25 days: what a timer of the runtime can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

const count = z
  .number({ error: ({ input }) => `${given(input)}; expected a whole number` })
  .int({ error: ({ input }) => `${given(input)}; expected a whole number` })
  .min(1, { error: 'expected at least 1; to lift all limits write "limits": "off"' })
  .max(2 ** 31 - 1, { error: 'expected less than 2^31' });

const duration = parsedText(`${DURATION_FORM}, at least 1ms and under 25 days`, (text) => {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= 1 && ms <= TIMER_MS_MAX ? ms : undefined;
});

const poolOverride = strictObject({ limit: count.optional() });

const connectionOverride = strictObject({
  framesPerSecond: count.optional(),
  streamsMax: count.optional(),
  pingEvery: duration.optional(),
  pongWithin: duration.optional(),
  lifetime: duration.optional(),
  attempts: strictObject({ limit: count, window: duration }).optional(),
});

const overrides = strictObject({
  pools: strictObject(optionalEach(Object.keys(POOLS) as PoolId[], poolOverride)).optional(),
  connections: strictObject(optionalEach(Object.keys(CONNECTIONS), connectionOverride)).optional(),
});

const FORM = 'expected "binance", "off" or an object such as {"pools": {"futures": {"limit": 4800}}}';

/** The exchange's own rows. */
export const BINANCE_ROWS: ResolvedLimits = { enforced: true, pools: POOLS, connections: CONNECTIONS };

export const limitsSchema = z.unknown().transform((input, context): ResolvedLimits => {
  if (input === 'binance') return BINANCE_ROWS;
  if (input === 'off') return { ...BINANCE_ROWS, enforced: false };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    context.addIssue({ code: 'custom', message: `${given(input)}; ${FORM}` });
    return z.NEVER;
  }
  const parsed = overrides.safeParse(input);
  if (parsed.success) return overridden(parsed.data);
  context.issues.push(...parsed.error.issues.map((issue) => ({ ...issue, input: undefined })));
  return z.NEVER;
});

function overridden({ pools, connections }: z.infer<typeof overrides>): ResolvedLimits {
  return {
    enforced: true,
    pools: mapRows(POOLS, (row, id): Pool => ({ ...row, limit: pools?.[id]?.limit ?? row.limit })),
    connections: mapRows(CONNECTIONS, (row, name) => overriddenConnection(row, connections?.[name])),
  };
}

function overriddenConnection(
  row: ConnectionRow,
  override: z.infer<typeof connectionOverride> | undefined,
): ConnectionRow {
  if (override === undefined) return row;
  const { attempts } = override;
  return {
    ...row,
    framesPerSecond: override.framesPerSecond ?? row.framesPerSecond,
    streamsMax: override.streamsMax ?? row.streamsMax,
    pingEveryMs: override.pingEvery ?? row.pingEveryMs,
    pongWithinMs: override.pongWithin ?? row.pongWithinMs,
    lifetimeMs: override.lifetime ?? row.lifetimeMs,
    ...(attempts === undefined ? {} : { attempts: { limit: attempts.limit, windowMs: attempts.window } }),
  };
}

function optionalEach<Name extends string, Row extends z.ZodType>(names: readonly Name[], row: Row) {
  return Object.fromEntries(names.map((name) => [name, row.optional()])) as Record<Name, z.ZodOptional<Row>>;
}

function mapRows<Id extends string, Row>(
  rows: Readonly<Record<Id, Row>>,
  change: (row: Row, id: Id) => Row,
): Readonly<Record<Id, Row>> {
  const changed = (Object.entries(rows) as [Id, Row][]).map(([id, row]) => [id, change(row, id)]);
  return Object.fromEntries(changed) as Record<Id, Row>;
}
