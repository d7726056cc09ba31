/** The service as a process of its own on a data folder: what can be killed, starved of disk and started again. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, type Program, startServer, UNLAUNCHED } from './program.ts';
import { UnderTest } from './under-test.ts';

export interface ServerProcessOptions {
  readonly command?: 'dev' | 'serve';
  /** The config file's content. */
  readonly document: Readonly<Record<string, unknown>>;
  /** No file may grow beyond this, as on a disk without room. */
  readonly fileKiBMax?: number;
}

/** A folder for one test file; `remove` when done. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'listenpost-scenario-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export class ServerProcess {
  readonly program: Program;
  /** Its REST, admin and WebSocket doors. Closing it is a SIGTERM. */
  readonly service: UnderTest;

  constructor(program: Program, service: UnderTest) {
    this.program = program;
    this.service = service;
  }

  /** Starts on `<folder>/data`; what was there from an earlier process is taken up. */
  static async start(folder: string, options: ServerProcessOptions): Promise<ServerProcess> {
    const { command = 'serve', document, fileKiBMax } = options;
    const config = join(folder, 'listenpost.json');
    mkdirSync(folder, { recursive: true });
    writeFileSync(config, JSON.stringify(document));
    const args = ['--config', config, '--data', join(folder, 'data'), '--drain', '2', '--log-level', 'warn'];
    const runs = fileKiBMax === undefined ? UNLAUNCHED : limited(fileKiBMax);
    const { program, urls } = await startServer(command, args, { command: runs });
    const close = async () => {
      program.kill('SIGTERM');
      await program.ended();
    };
    return new ServerProcess(
      program,
      new UnderTest({ urls, caFile: null, reloadCertificates: () => Promise.resolve(), close }),
    );
  }

  /** SIGKILL: nothing of the process runs any more when this resolves. */
  async killed(): Promise<Ended> {
    this.program.kill('SIGKILL');
    return this.program.ended();
  }
}

/** Bash's `ulimit -f` counts in KiB. The signal that a write beyond the limit sends is ignored; the write then fails. */
function limited(fileKiBMax: number): readonly [string, ...string[]] {
  return ['bash', '-c', `trap '' XFSZ; ulimit -f ${fileKiBMax}; exec "$@"`, 'bash', ...UNLAUNCHED];
}
