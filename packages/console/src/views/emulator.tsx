import { isEmulator } from '../server.ts';
import { ClockPanel } from './clock-panel.tsx';
import { FaultPanel } from './fault-panel.tsx';
import { ScenarioPanel } from './scenario-panel.tsx';

/** What only `listenpost dev` has. */
export function Emulator() {
  if (!isEmulator.value) {
    return (
      <div class="view">
        <section class="panel empty">
          This server is a service. Scenarios, time and faults are of the emulator: listenpost dev.
        </section>
      </div>
    );
  }
  return (
    <div class="view grid-emulator">
      <ScenarioPanel />
      <div class="column">
        <ClockPanel />
        <FaultPanel />
      </div>
    </div>
  );
}
