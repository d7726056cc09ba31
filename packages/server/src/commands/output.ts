/**
 * Where commands print. stdout carries what was asked for and nothing else; stderr carries everything said about it.
 */

/** Resolves when the line is written, so that a slow reader slows the command instead of filling its memory. */
export function print(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A reader that has seen enough (`| head`) ends the command quietly, as it ends any filter. */
export function endWhenReaderLeaves(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

/** Tables are for eyes; a pipe, or `--json`, gets JSON. */
export function wantsJson(options: { readonly json?: boolean | undefined }): boolean {
  return options.json === true || !process.stdout.isTTY;
}

/** Columns padded to their widest cell, under their headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)].join('\n');
}
