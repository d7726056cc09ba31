/** Which SBE schemas there were, and when (spot-margin §7.3). Days are UTC and begin at midnight (assumed). */

export interface SbeLifecycleRow {
  readonly schemaId: number;
  readonly version: number;
  readonly released: string;
  readonly deprecated?: string;
  readonly retired?: string;
}

/** Newest first. The official file's rows; a version lives at least six months after its successor's release. */
export const SBE_LIFECYCLE: readonly SbeLifecycleRow[] = [
  { schemaId: 3, version: 5, released: '2026-07-07' },
  { schemaId: 3, version: 4, released: '2026-05-08', deprecated: '2026-07-07' },
  { schemaId: 3, version: 3, released: '2026-03-25', deprecated: '2026-05-08' },
  { schemaId: 3, version: 2, released: '2025-12-18', deprecated: '2026-03-25' },
  { schemaId: 3, version: 1, released: '2025-08-19', deprecated: '2025-12-18', retired: '2026-06-29' },
  { schemaId: 3, version: 0, released: '2025-04-24', deprecated: '2025-08-19', retired: '2026-02-19' },
  { schemaId: 2, version: 1, released: '2024-12-12', deprecated: '2025-04-24', retired: '2025-10-24' },
  { schemaId: 2, version: 0, released: '2024-04-25', deprecated: '2024-12-12', retired: '2025-06-12' },
  { schemaId: 1, version: 0, released: '2024-03-05', deprecated: '2024-04-25', retired: '2024-10-25' },
];

/** The schema whose table the codec has; of the others only the dates are known. */
const ENCODED_SCHEMA_ID = 3;

export interface SbeChoice {
  readonly schemaId: number;
  /** What was asked for: what the client can read. */
  readonly askedVersion: number;
  /** What is sent: the newest version of that schema at the instant, whichever was asked for (spot-margin §7.2). */
  readonly version: number;
  /** `sbeSchemaIdVersionDeprecated` of every response. */
  readonly deprecated: boolean;
}

/**
 * What a request for `schemaId:version` gets at an instant, in Unix milliseconds. Undefined where it is unknown, not yet
 * released or retired (-1153), and for the schemas 1 and 2, which were retired before this codec was made.
 */
export function chooseSbeSchema(schemaId: number, version: number, instantMs: number): SbeChoice | undefined {
  const asked = SBE_LIFECYCLE.find((row) => row.schemaId === schemaId && row.version === version);
  if (asked === undefined || schemaId !== ENCODED_SCHEMA_ID || !isLive(asked, instantMs)) return undefined;
  const newest = SBE_LIFECYCLE.find((row) => row.schemaId === schemaId && isLive(row, instantMs)) ?? asked;
  return { schemaId, askedVersion: version, version: newest.version, deprecated: isPast(asked.deprecated, instantMs) };
}

function isLive(row: SbeLifecycleRow, instantMs: number): boolean {
  return isPast(row.released, instantMs) && !isPast(row.retired, instantMs);
}

function isPast(day: string | undefined, instantMs: number): boolean {
  return day !== undefined && Date.parse(day) <= instantMs;
}
