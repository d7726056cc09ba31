/** What a measured case is, and what it gives. */

export interface Context {
  /** Shorter steps, one repetition, smaller stores: a look in under two minutes, not figures to publish. */
  readonly quick: boolean;
  /** Whether server and load have a core each. */
  readonly pinned: boolean;
  /** Where data folders are made; undefined: the system's temporary folder. */
  readonly temporaryFolder: string | undefined;
  /** Where the server's CPU profiles go; undefined: it runs without a profiler. */
  readonly profileInto: string | undefined;
  /** Only steps whose name contains this are run. Default: all. */
  readonly stepsWith: string;
  /** Says on stderr what is being done. */
  progress(text: string): void;
}

/** Figures by name, the unit last in each name. */
export type Figures = Readonly<Record<string, number>>;

/** One measured step. */
export interface Row {
  readonly step: string;
  readonly figures: Figures;
}

export interface Case {
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  run(context: Context): Promise<readonly Row[]>;
}

/** The rows of the steps that the run wants, in order. */
export async function rowsOf<Step extends { readonly name: string }>(
  { stepsWith }: Context,
  steps: readonly Step[],
  run: (step: Step) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const step of steps) if (step.name.includes(stepsWith)) rows.push(await run(step));
  return rows;
}

/** Each figure's median over the repetitions. */
export function medians(repetitions: readonly Figures[]): Figures {
  const names = Object.keys(repetitions[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(repetitions.map((figures) => figures[name] ?? 0))]));
}

/** Of an even number of values the upper of the middle two: a measured one. */
function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
