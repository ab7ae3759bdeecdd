export { encryptionMetrics } from './metrics.ts';
export { PublicGroup } from './public-group.ts';
export { registerEncryption } from './register.ts';
