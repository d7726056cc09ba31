/** Results as people read them, and as programs do. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import type { Case, Context, Row } from './case.ts';

/** One line of JSON for each row. */
export function jsonLines({ name }: Case, rows: readonly Row[]): string {
  return rows.map(({ step, figures }) => `${JSON.stringify({ case: name, step, ...rounded(figures) })}\n`).join('');
}

function rounded(figures: Row['figures']): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(5))]));
}

/** A Markdown table, with a column for every figure that any row has. */
export function table({ title }: Case, rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [
    ['', ...names],
    ...rows.map(({ step, figures }) => [step, ...names.map((name) => printed(figures[name]))]),
  ];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column + 1]?.length ?? 0)));
  const first = Math.max(...lines.map((line) => line[0]?.length ?? 0));
  const laidOut = lines.map(([step = '', ...values]) =>
    [step.padEnd(first), ...values.map((value, column) => value.padStart(widths[column] ?? 0))].join(' | '),
  );
  const rule = [first, ...widths].map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [head = '', ...body] = laidOut;
  return `\n${title}\n\n${[head, rule.join(' | '), ...body].map((line) => `| ${line} |`).join('\n')}\n`;
}

/** Three figures that count; whole from a hundred on. */
function printed(value: number | undefined): string {
  if (value === undefined) return '';
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(Math.abs(value) >= 1 ? 2 : 3);
}

const TMPFS = 0x01021994;

/** On what the figures were reached. */
export function machineFacts({ pinned, quick, temporaryFolder, profileInto }: Context): Record<string, string> {
  const folder = temporaryFolder ?? tmpdir();
  const cores = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: gitCommit(),
    bun: Bun.version,
    kernel: release(),
    cpu: `${cores[0]?.model.trim() ?? 'unknown'}, ${cores.length} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' '),
    pinned: pinned ? 'server on core 0, load on core 1' : 'no: server and load share what there is',
    disk: statfsSync(folder).type === TMPFS ? 'none: data is in memory, and fsync costs nothing' : 'yes',
    run: `${quick ? 'quick' : 'full'}${profileInto === undefined ? '' : ', under the profiler'}`,
  };
}

function gitCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}
