export { RECORDING_MIGRATIONS } from './migrations.ts';
export { probeRecordingStorage } from './open-storage.ts';
export { registerRecording } from './register.ts';
export { storageMetrics } from './storage/index.ts';
