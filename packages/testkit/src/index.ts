/** An emulator of an exchange's private streams inside a test. */
export type { AccountOptions, EmulatorAccount } from './accounts.ts';
export {
  Emulator,
  type EmulatorOptions,
  type EmulatorUrls,
  type Fault,
  type FaultOptions,
  Faults,
  type PlayTarget,
  type ReplayState,
  type Snapshot,
  startEmulator,
  type TriggerParameters,
  type TriggerResult,
  VirtualClock,
} from './emulator.ts';
export { type EntryKind, type Expectation, Journal, type JournalEntry, type Received } from './journal.ts';
export { matchers } from './matchers.ts';
export type {
  ClockCommand,
  ClockStep,
  EventStep,
  FaultStep,
  PlayResult,
  ScenarioStep,
  Step,
  StepResult,
  UserScenario,
  WaitStep,
} from './user-scenario.ts';
