/** Starts emulators one after the other, as a test file does, and prints what each start took: `testkit-starts.mjs <count>`. */
import { startEmulator } from '@listenpost/testkit';

const tookMs = [];
for (let n = 0; n < Number(process.argv[2]); n++) {
  const began = performance.now();
  const emulator = await startEmulator();
  tookMs.push(performance.now() - began);
  await emulator.close();
}
process.stdout.write(`${JSON.stringify(tookMs)}\n`);
process.exit();
