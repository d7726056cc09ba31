/** One client under test, in a process of its own: what happens to it harms no other, and it can be given another time. */
import { moveTime } from './moved-time.mjs';

const setting = JSON.parse(process.env.COMPARE);

process.on('message', ({ moveMs }) => moveTime(moveMs));
process.on('disconnect', () => process.exit(0));

/** A client that throws where nobody catches would take its user's program down: its user learns of that. */
process.on('uncaughtException', (error) => tell(`uncaught: ${error.message}`));
process.on('unhandledRejection', (error) => tell(`unhandled: ${error?.message ?? error}`));

/** What its user is told beside events: errors, closes, gaps. */
function tell(text) {
  process.send({ told: String(text).slice(0, 200) });
}

/** An event at the callback of the client's stream of this index. */
function deliver(callback, clientOrderId) {
  const [, stream, number] = /^n-(\d+)-(\d+)$/.exec(clientOrderId) ?? [];
  if (number !== undefined) process.send({ callback, stream: Number(stream), number: Number(number) });
}

const { run } = await import(`./subjects/${setting.module}.mjs`);
await run({ ...setting, tell, deliver });
