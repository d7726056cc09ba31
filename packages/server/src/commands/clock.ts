import type { Command } from 'commander';
import { type AdminOptions, addAdminOptions, callAdmin } from './admin-client.ts';
import { print, wantsJson } from './output.ts';

const EXAMPLES = `
Every timer of the emulator follows: keys expire, heartbeats go out, rate limits begin anew. Time never goes back.

Examples:
  listenpost clock
  listenpost clock advance 61m
  listenpost clock set 2027-01-01T00:00:00Z
  listenpost clock freeze
`;

interface ClockRow {
  /** ms since the Unix epoch. */
  readonly now: number;
  readonly iso: string;
  readonly frozen: boolean;
}

type ClockOptions = AdminOptions & { readonly json?: boolean };

export function addClockCommand(program: Command): void {
  const clock = program
    .command('clock')
    .description("show the emulator's time, or move it")
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string, isDefault = false) =>
    addAdminOptions(clock.command(name, { isDefault }).description(description)).option(
      '--json',
      'JSON even on a terminal',
    );
  add('now', 'what time it is', true).action((options: ClockOptions) => show(options));
  add('advance', 'go forward; answered when all that fell due has happened')
    .argument('<duration>', 'such as 30s, 61m or 1d12h')
    .action((duration: string, options: ClockOptions) => move({ advance: duration }, options));
  add('set', 'go forward to an instant')
    .argument('<instant>', 'with its zone, such as 2027-01-01T00:00:00Z')
    .action((instant: string, options: ClockOptions) => move({ set: instant }, options));
  add('freeze', 'let time stand still').action((options: ClockOptions) => move({ freeze: true }, options));
  add('resume', 'let time flow again').action((options: ClockOptions) => move({ resume: true }, options));
}

async function show(options: ClockOptions): Promise<void> {
  await printClock(await callAdmin(options, { method: 'GET', path: '/clock' }), options);
}

async function move(command: Readonly<Record<string, string | true>>, options: ClockOptions): Promise<void> {
  const body = JSON.stringify(command);
  await printClock(await callAdmin(options, { method: 'POST', path: '/clock', body }), options);
}

function printClock(answer: unknown, options: ClockOptions): Promise<void> {
  const { iso, frozen } = answer as ClockRow;
  return print(wantsJson(options) ? JSON.stringify(answer) : `${iso}${frozen ? '  (frozen)' : ''}`);
}
