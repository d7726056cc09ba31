/**
 * Walks over the real thing, held against its table. A step brings one input about, in one of its ways; the answer, the
 * events and what the server does then must be what the table says. The table that judges is a copy made before any test
 * ran, so that a change of the server's own table shows as a difference.
 */
import { describe, expect, test } from 'bun:test';
import {
  type ErrorName,
  isRefusedInput,
  type Lifecycle,
  nextState,
  type RefusedInput,
  type Transition,
} from '@listenpost/protocol';
import fc from 'fast-check';
import { seedOf } from '../scenarios/seed.ts';

/** What one input brought. */
export interface Seen {
  /** The row it was refused or answered with. */
  readonly error?: ErrorName | undefined;
  /** Types of the system's events that came by it, over all who listen. */
  readonly told: readonly string[];
}

/** One of the real things from its first state on, in a house of its own. */
export interface Life<State extends string, Input extends string> {
  /** How many listen by it, and would be told something now. */
  listeners(): number;
  /** The product's column that a `tellsWhere` names. */
  column?(name: NonNullable<Transition['tellsWhere']>): boolean;
  /** False for inputs that cannot be brought about here; absent: all can. */
  can?(input: Input): boolean;
  take(input: Input, way: string): Promise<Seen>;
  /** Throws unless what the server does is that of the state; brings no input about. */
  expectState(state: State): Promise<void>;
  /** What nobody expected. */
  readonly reports: readonly unknown[];
  /** Lets go of what the life holds open. */
  release?(): Promise<void>;
}

export interface Rig<State extends string, Input extends string> {
  readonly lifecycle: Lifecycle<State, Input>;
  /** Products, doors: the same life in other clothes. */
  readonly variants: readonly string[];
  /** The ways in which an input can come about. */
  readonly ways: Readonly<Record<Input, readonly [string, ...string[]]>>;
  begin(variant: string): Promise<Life<State, Input>>;
  /** The states whose rows the server reads: it forgets which of the others a dead thing was in. */
  readonly held: readonly State[];
  /** Of the held states, cells that it reads in another state, each with the reason. */
  readonly unread?: Readonly<Record<string, string>>;
  /** Changes of the table that show to nobody, each with the reason. */
  readonly hidden?: Readonly<Record<string, string>>;
  /** Changes that cannot be tried, each with the reason. */
  readonly untried?: Readonly<Record<string, string>>;
}

export interface Extent {
  /** Random walks. */
  readonly runs: number;
  /** Whether random walks must come past every cell, and every change of the table be noticed. */
  readonly whole: boolean;
}

const WHOLE: Extent = { runs: 150, whole: true };
const STEPS_MAX = 30;
/** Seconds, on a machine that does nothing else. */
const PATIENCE_MS = 60_000;
/** As fast-check printed it, to have the one failing walk again. */
const replayPath = process.env['LISTENPOST_PATH'];

/** Declares the tests of one machine. */
export function lifecycleWalks<State extends string, Input extends string>(
  rig: Rig<State, Input>,
  { runs, whole }: Extent = WHOLE,
): void {
  const { lifecycle, variants, ways } = rig;
  const judge: Lifecycle<State, Input> = structuredClone(lifecycle);
  const cells = cellsOf(judge);
  const seed = seedOf(20260801);

  const walking = async (variant: string, act: (walk: Walk<State, Input>) => Promise<void>) => {
    const life = await rig.begin(variant);
    try {
      await life.expectState(judge.initial);
      await act(new Walk(judge, life));
    } finally {
      await life.release?.();
    }
  };

  /**
   * Every cell in each of its ways, each from the beginning, and after it every input that can follow: of two states that
   * look alike the next step tells which it was.
   */
  const walkEveryCell = async () => {
    for (const variant of variants) {
      for (const { state, input } of cells) {
        const after = nextState(judge, state, input) ?? state;
        const following = cells.filter((cell) => cell.state === after).map((cell) => cell.input);
        for (const way of ways[input]) {
          for (const next of [undefined, ...following]) {
            await walking(variant, async (walk) => {
              for (const before of pathTo(judge, state)) await walk.step(before, ways[before][0]);
              await walk.step(input, way);
              if (next !== undefined) await walk.step(next, ways[next][0]);
            });
          }
        }
      }
    }
  };

  describe(`the life of a ${lifecycle.name}`, () => {
    test('is what its table says: every cell, in every way', walkEveryCell, PATIENCE_MS);

    test(
      `is what its table says on any walk (LISTENPOST_SEED=${seed}, and LISTENPOST_PATH to replay one)`,
      async () => {
        const step = fc.oneof(
          ...inputsOf(judge).map((input) => fc.constantFrom(...ways[input].map((way) => ({ input, way })))),
        );
        const steps = fc.array(step, { maxLength: STEPS_MAX, size: 'max' });
        const walked = new Set<string>();
        await fc.assert(
          fc.asyncProperty(fc.constantFrom(...variants), steps, async (variant, each) => {
            await walking(variant, async (walk) => {
              for (const { input, way } of each) {
                const { state } = walk;
                if (await walk.step(input, way)) walked.add(`${state} ${input}`);
              }
            });
          }),
          { seed, numRuns: runs, ...(replayPath === undefined ? {} : { path: replayPath }) },
        );
        if (replayPath !== undefined || !whole) return;
        expect([...walked].sort()).toEqual(cells.map(({ state, input }) => `${state} ${input}`).sort());
      },
      PATIENCE_MS,
    );

    if (!whole) return;
    test(
      'is decided by its table: no cell that the server reads can be changed unseen',
      async () => {
        const unseen: string[] = [];
        for (const change of changesOf(lifecycle, rig.held)) {
          if (Object.hasOwn(rig.unread ?? {}, change.cell) || Object.hasOwn(rig.untried ?? {}, change.name)) continue;
          const undo = change.make();
          const seen = await walkEveryCell().then(
            () => false,
            () => true,
          );
          undo();
          if (!seen) unseen.push(change.name);
        }
        expect(unseen.sort()).toEqual(Object.keys(rig.hidden ?? {}).sort());
        await walkEveryCell();
      },
      PATIENCE_MS,
    );
  });
}

/** One life beside the table's account of it. */
class Walk<State extends string, Input extends string> {
  readonly #judge: Lifecycle<State, Input>;
  readonly #life: Life<State, Input>;
  state: State;

  constructor(judge: Lifecycle<State, Input>, life: Life<State, Input>) {
    this.#judge = judge;
    this.#life = life;
    this.state = judge.initial;
  }

  /** False where the input cannot come in this state. */
  async step(input: Input, way: string): Promise<boolean> {
    const cell = this.#judge.transitions[this.state][input];
    if (cell === undefined || this.#life.can?.(input) === false) return false;
    const listeners = this.#life.listeners();
    const seen = await this.#life.take(input, way);
    const at = `${input} ${way}, while ${this.state}`;
    expect([at, seen.error]).toEqual([at, isRefusedInput(cell) ? cell.refused : cell.answers]);
    expect([at, seen.told]).toEqual([at, this.#told(cell, listeners)]);
    this.state = nextState(this.#judge, this.state, input) ?? this.state;
    await this.#life.expectState(this.state);
    expect(this.#life.reports).toEqual([]);
    return true;
  }

  #told(cell: Transition<State> | RefusedInput, listeners: number): string[] {
    if (isRefusedInput(cell) || cell.tells === undefined) return [];
    const where = cell.tellsWhere;
    if (where !== undefined && this.#life.column?.(where) !== true) return [];
    return Array.from({ length: listeners }, () => cell.tells ?? '');
  }
}

const inputsOf = <Input extends string>({ inputs }: Lifecycle<string, Input>) => Object.keys(inputs) as Input[];
const statesOf = <State extends string>({ states }: Lifecycle<State>) => Object.keys(states) as State[];

function cellsOf<State extends string, Input extends string>(lifecycle: Lifecycle<State, Input>) {
  return statesOf(lifecycle).flatMap((state) =>
    inputsOf(lifecycle).flatMap((input) =>
      lifecycle.transitions[state][input] === undefined ? [] : [{ state, input }],
    ),
  );
}

/** The shortest way from the beginning to a state. */
function pathTo<State extends string, Input extends string>(judge: Lifecycle<State, Input>, goal: State): Input[] {
  const paths = new Map<State, Input[]>([[judge.initial, []]]);
  for (const [state, path] of paths) {
    if (state === goal) return path;
    for (const input of inputsOf(judge)) {
      const next = nextState(judge, state, input);
      if (next !== undefined && !paths.has(next)) paths.set(next, [...path, input]);
    }
  }
  throw new Error(`no input of the ${judge.name} leads to ${goal}`);
}

interface Change {
  /** `<state>.<input>`. */
  readonly cell: string;
  /** The cell and what becomes of it. */
  readonly name: string;
  /** Makes it in the table that the server reads, and gives what takes it back. */
  make(): () => void;
}

/** Every way to get one cell wrong: gone, refused or let through, leading elsewhere, telling more or less. */
function changesOf<State extends string, Input extends string>(
  lifecycle: Lifecycle<State, Input>,
  held: readonly State[],
): Change[] {
  /** What an input tells in some state it might be made to tell in another. */
  const toldBy = (input: Input) =>
    statesOf(lifecycle)
      .map((state) => lifecycle.transitions[state][input])
      .map((cell) => (cell === undefined || isRefusedInput(cell) ? undefined : cell.tells))
      .find((event) => event !== undefined);
  const rowOf = (state: State) => JSON.stringify(lifecycle.transitions[state]);
  return cellsOf(lifecycle).flatMap(({ state, input }) => {
    if (!held.includes(state)) return [];
    const cell = lifecycle.transitions[state][input];
    if (cell === undefined) return [];
    const row = lifecycle.transitions[state] as Partial<Record<Input, Transition<State> | RefusedInput>>;
    const change = (name: string, other: Transition<State> | RefusedInput | undefined): Change => ({
      cell: `${state}.${input}`,
      name: `${state}.${input} ${name}`,
      make() {
        row[input] = other as (typeof row)[Input];
        return () => {
          row[input] = cell as (typeof row)[Input];
        };
      },
    });
    const { source, client } = cell;
    if (isRefusedInput(cell)) {
      return [
        change('gone', undefined),
        change('refused otherwise', { ...cell, refused: 'DISCONNECTED' }),
        ...statesOf(lifecycle).map((to) => change(`leads to ${to}`, { to, server: '', client, source })),
      ];
    }
    const { tells, tellsWhere, answers, ...silent }: Transition<State> = cell;
    const event = toldBy(input);
    const worded = { ...silent, ...(answers === undefined ? {} : { answers }) };
    return [
      change('gone', undefined),
      change('refused', { refused: 'DISCONNECTED', client, source }),
      // States with equal rows are one state to who has only the table.
      ...statesOf(lifecycle)
        .filter((to) => rowOf(to) !== rowOf(cell.to))
        .map((to) => change(`leads to ${to}`, { ...cell, to })),
      ...(tells === undefined ? [] : [change('tells nothing', worded)]),
      ...(tells === undefined && event !== undefined ? [change('tells', { ...cell, tells: event })] : []),
      ...(tellsWhere === undefined
        ? []
        : [change('tells everywhere', { ...worded, tells: tells ?? 'listenKeyExpired' })]),
      ...(answers === undefined ? [] : [change('answers otherwise', { ...cell, answers: 'DISCONNECTED' })]),
    ];
  });
}
