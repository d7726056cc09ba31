/** Saves 1, 2, 3 … as fast as it goes, and says each one once it is safe: to be killed in the middle of it. */
import { fileCursorStore } from '../file.ts';

const [folder = '', first = ''] = process.argv.slice(2);
const store = fileCursorStore(folder);
for (let count = Number(first); ; count++) {
  await store.save('bot', padded(count));
  process.stdout.write(`${count}\n`);
}

/** Long enough that a file half written would show. */
function padded(count: number): string {
  return `${count} ${String(count % 10).repeat(20_000)} ${count}`;
}
