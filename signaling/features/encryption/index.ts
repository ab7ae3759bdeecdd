export { encryptionMetrics } from './metrics.ts';
export { registerEncryption } from './register.ts';
