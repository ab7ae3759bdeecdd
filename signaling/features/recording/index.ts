export { RECORDING_MIGRATIONS } from './migrations.ts';
export { registerRecording } from './register.ts';
