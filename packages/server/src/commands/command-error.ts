/**
 * Faults of a command, told on stderr as one sentence and no stack trace.
 */

/** 1: it was asked rightly and did not work. 2: it was asked wrongly (usage, config), and nothing was started. */
export type FaultExitCode = 1 | 2;

export class CommandError extends Error {
  readonly exitCode: FaultExitCode;

  constructor(message: string, exitCode: FaultExitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** What the operating system says by a code, in words; undefined for codes that no command should meet. */
const SYSTEM_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'access is not permitted',
  EPERM: 'the operation is not permitted',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open; raise the limit with: ulimit -n',
};

/** The sentence of anything that was thrown. `name`: the file that it is about, where the error does not say. */
export function sentenceOf(error: unknown, name?: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path = name } = error as NodeJS.ErrnoException;
  const fault = code === undefined ? undefined : SYSTEM_FAULTS[code];
  return fault === undefined || path === undefined ? error.message : `${path}: ${fault}`;
}
