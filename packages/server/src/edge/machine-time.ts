import type { MachineTime } from '@listenpost/core';

/** As they are when this module is loaded: a test that fakes its process's timers must not fake an emulator's in it. */
const { now } = Date;
const { setTimeout, clearTimeout } = globalThis;

/** The machine's clock and timers: the only place of the service that reads them. */
export const machineTime: MachineTime = {
  now: () => now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
