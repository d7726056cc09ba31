/**
 * Reaches a venue over TLS, once by HTTP and once by WebSocket, says what came, and leaves a cancelled timer and an idle connection
 * behind: neither may keep its process alive.
 */
import { nodeDoors } from '../node.ts';

const [rest = '', ws = '', proxy] = process.argv.slice(2);
const { clock, http, connect } = nodeDoors(proxy === undefined ? {} : { proxy });

clock.after(3_600_000, () => undefined).cancel();
const never = new AbortController().signal;
const answer = await outcomeOf(
  http({ method: 'GET', url: rest, headers: {} }, never).then(({ status, text }) => `${status} ${text.slice(0, 14)}`),
);
const socket = await new Promise<string>((resolve) => {
  const opened = connect(ws, {
    opened() {
      resolve('opened');
      opened.close();
    },
    message: () => undefined,
    ponged: () => undefined,
    closed: (code, reason) => resolve(`closed ${code} ${reason}`),
  });
});
process.stdout.write(`${JSON.stringify({ answer, socket })}\n`);

async function outcomeOf(promise: Promise<string>): Promise<string> {
  try {
    return await promise;
  } catch (error) {
    return String(error);
  }
}
