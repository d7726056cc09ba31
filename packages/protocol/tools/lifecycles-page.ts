import { ERRORS } from '../src/errors.ts';
import { isRefusedInput, type Lifecycle, type RefusedInput, type Transition } from '../src/lifecycles/index.ts';

/** One cell of a table, and the states that have the same. */
interface Line {
  readonly states: readonly string[];
  readonly input: string;
  readonly cell: Transition | RefusedInput;
}

const HEAD = `# The lives of listenKey, listenToken, session and connection

Made from the tables in \`packages/protocol/src/lifecycles\` by \`npx bun packages/protocol/tools/make-lifecycles-page.ts\`; a test
holds them equal. Not to be edited by hand.

The server decides by these tables and the SDK follows them from what it sees. An arrow reads *input / event that is pushed*. An input
without an arrow or a row cannot come in that state; a refused one leaves the state as it is. Sections are those of the protocol reference.
`;

/** docs/lifecycles.md. */
export function lifecyclesPage(lifecycles: readonly Lifecycle[]): string {
  return [HEAD, ...lifecycles.map(chapter)].join('\n');
}

function chapter(lifecycle: Lifecycle): string {
  const { name, of, states, inputs } = lifecycle;
  return `## ${name}

The life of ${of}.

\`\`\`mermaid
${diagram(lifecycle)}
\`\`\`

| State | Is |
|---|---|
${Object.entries(states).map(row).join('\n')}

| Input | Is |
|---|---|
${Object.entries(inputs).map(row).join('\n')}

| While | comes | leads to | on the wire | the server | a client | source |
|---|---|---|---|---|---|---|
${linesOf(lifecycle).map(lineRow).join('\n')}
`;
}

function diagram({ initial, transitions }: Lifecycle): string {
  const arrows = Object.entries(transitions).flatMap(([state, cells]) =>
    Object.entries(cells).flatMap(([input, cell]) =>
      cell === undefined || isRefusedInput(cell) ? [] : [`  ${state} --> ${cell.to}: ${label(input, cell)}`],
    ),
  );
  return ['stateDiagram-v2', `  [*] --> ${initial}`, ...arrows].join('\n');
}

const label = (input: string, { tells }: Transition) => (tells === undefined ? input : `${input} / ${tells}`);

/** Cells that are the same in several states stand once. */
function linesOf({ transitions, inputs }: Lifecycle): Line[] {
  return Object.keys(inputs).flatMap((input) => {
    const lines = new Map<string, { states: string[]; input: string; cell: Transition | RefusedInput }>();
    for (const [state, cells] of Object.entries(transitions)) {
      const cell = cells[input];
      if (cell === undefined) continue;
      const key = JSON.stringify(cell);
      const line = lines.get(key) ?? { states: [], input, cell };
      line.states.push(state);
      lines.set(key, line);
    }
    return [...lines.values()];
  });
}

function lineRow({ states, input, cell }: Line): string {
  const { source, client } = cell;
  const [to, server] = isRefusedInput(cell) ? ['stays', 'refuses'] : [cell.to, cell.server];
  return row([states.join(', '), input, to, wireOf(cell), server, client, source]);
}

function wireOf(cell: Transition | RefusedInput): string {
  const error = isRefusedInput(cell) ? cell.refused : cell.answers;
  if (isRefusedInput(cell) || cell.tells === undefined) return error === undefined ? '' : errorText(error);
  const event =
    cell.tellsWhere === undefined ? cell.tells : `${cell.tells}, where the product has \`${cell.tellsWhere}\``;
  return error === undefined ? event : `${errorText(error)} Then ${event}`;
}

const errorText = (name: keyof typeof ERRORS) => `${ERRORS[name].code} ${ERRORS[name].msg}`;

const row = (columns: readonly string[]) => `| ${columns.join(' | ')} |`;
