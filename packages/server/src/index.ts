/** What other packages of the house start emulators by. */
export { EmulatorHost, type StartedEmulator } from './emulator-host.ts';
