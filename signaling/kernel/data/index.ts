export {
  checkDataDir,
  keptSecret,
  openDataDir,
  requireDataDir,
  unusedDatabase,
  writeWhole,
} from './data-dir.ts';
export { DataLock, inUse, rememberedServer, runningServer } from './data-lock.ts';
export { importRevoked } from './import-revoked.ts';
