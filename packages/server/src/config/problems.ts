import { z } from 'zod';
import { suggestion } from './nearest.ts';

/** The config cannot be used. `problems` holds one line for each fault, in the order of the file; `message` all of them. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(
      problems.length === 1
        ? `${source}: ${problems[0]}`
        : `${source}: ${problems.length} problems\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Path = readonly PropertyKey[];

export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** An object whose every key is known; an unknown one is refused by name, with the nearest that exists. */
export function strictObject<Shape extends z.core.$ZodShape>(shape: Shape) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return `expected an object with ${list(names)}`;
      // One line for each key: `problemsOf` takes them apart again.
      return issue.keys.map((key) => `unknown key${suggestion(key, names) || `; known are ${list(names)}`}`).join('\n');
    },
  });
}

/** One of these texts; anything else is named together with what is expected. */
export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, {
    error: ({ input }) => {
      const meant = typeof input === 'string' ? suggestion(input, names) : '';
      return `${given(input)}; expected ${alternatives(names)}${meant}`;
    },
  });
}

/** What stands there, for values that are no secret. */
export function given(input: unknown): string {
  if (input === undefined) return 'missing';
  const text = JSON.stringify(input) ?? String(input);
  return `got ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}

/** A text turned into a value; `form` says what is expected where it cannot be. */
export function parsedText<Value>(form: string, parse: (text: string) => Value | undefined) {
  return z.unknown().transform((input, context): Value => {
    const value = typeof input === 'string' || typeof input === 'number' ? parse(String(input)) : undefined;
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `${given(input)}; expected ${form}` });
    return z.NEVER;
  });
}

export function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

/** A problem per fault, also where zod gathers several in one issue. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...issue.path, key], message: messages[index] ?? issue.message }));
  });
}

/** In the order in which the document names the places; what is missing from an object comes after what it has. */
export function inOrderOf(document: unknown, problems: readonly Problem[]): Problem[] {
  const ranks = problems.map((problem) => ({ problem, rank: rankOf(document, problem.path) }));
  return ranks.sort((left, right) => compareRanks(left.rank, right.rank)).map(({ problem }) => problem);
}

function rankOf(document: unknown, path: Path): number[] {
  let value = document;
  return path.map((step) => {
    if (typeof value !== 'object' || value === null) return Number.MAX_SAFE_INTEGER;
    const position = typeof step === 'number' ? step : Object.keys(value).indexOf(String(step));
    value = (value as Record<PropertyKey, unknown>)[step];
    return position < 0 ? Number.MAX_SAFE_INTEGER : position;
  });
}

function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `accounts[0].apiKeys[1].publicKey: …` */
export function printed({ path, message }: Problem): string {
  return path.length === 0 ? message : `${printedPath(path)}: ${message}`;
}

function printedPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = String(step);
      if (!/^[A-Za-z_-][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
