import type { MachineTime } from '@listenpost/core';

/** The machine's clock and timers: the only place of the service that reads them. */
export const machineTime: MachineTime = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
