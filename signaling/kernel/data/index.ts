export {
  checkDataDir,
  keptSecret,
  openDataDir,
  requireDataDir,
  unusedDatabase,
} from './data-dir.ts';
export { DataLock, inUse, rememberedServer, runningServer } from './data-lock.ts';
export { importRevoked } from './import-revoked.ts';
export { openBytes, SEAL_BYTES, sealBytes } from './sealing.ts';
