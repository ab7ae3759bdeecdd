export { type ConfigKey, configKeys } from './keys.ts';
export { LIVE_AUDIO_KBPS, mayStreamLive } from './live.ts';
export { type ConfigSources, loadConfig } from './load.ts';
export { type BucketAddress, bucketAddress } from './s3-url.ts';
export type { Config } from './schema.ts';
