/**
 * The `listenpost` command.
 */
import { endWhenReaderLeaves } from './commands/output.ts';
import { runCommandLine } from './commands/program.ts';

endWhenReaderLeaves();
process.exit(await runCommandLine(process.argv.slice(2)));
