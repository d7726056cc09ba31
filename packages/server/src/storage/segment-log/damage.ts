import { basename } from 'node:path';
import { JournalError } from '@listenpost/core';

/** Bytes that are not as they were written, named by file and place. */
export class Damage extends JournalError {
  /** The file's name, without its folder. */
  readonly file: string;
  readonly offset: number;
  readonly problem: string;

  constructor(path: string, offset: number, problem: string) {
    super('corrupt', `${path} is damaged at byte ${offset}: ${problem}.`);
    this.file = basename(path);
    this.offset = offset;
    this.problem = problem;
  }
}

export function damaged(path: string, offset: number, problem: string): Damage {
  return new Damage(path, offset, problem);
}
