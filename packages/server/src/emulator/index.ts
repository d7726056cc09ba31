export { Emulator, type EmulatorDeps, type ScenarioInfo, type TriggerRequest, type TriggerResult } from './emulator.ts';
export { EmulatorError } from './error.ts';
export type { ParameterInfo } from './parameters.ts';
