/**
 * The process that the emulators of a test process live in, where that is not on Bun itself: one JSON object a line, calls on
 * stdin, answers on stdout. It ends with whoever started it, since stdin then ends.
 */
import { createInterface } from 'node:readline';
import { EmulatorHost } from '@listenpost/server';

export { EmulatorHost } from '@listenpost/server';

if (import.meta.main) {
  const host = new EmulatorHost();
  const calls = createInterface({ input: process.stdin });
  calls.on('line', (line) => {
    const { number, name, parameters } = JSON.parse(line);
    const answer = (outcome: object) => process.stdout.write(`${JSON.stringify({ number, ...outcome })}\n`);
    host.call(name, parameters).then(
      (result) => answer({ result }),
      (cause: unknown) => answer({ error: cause instanceof Error ? cause.message : String(cause) }),
    );
  });
  calls.on('close', () => process.exit(0));
}
