import { readFileSync } from 'node:fs';
import os from 'node:os';
import * as mediasoup from 'mediasoup';

/** The machine and the versions of a run. */
export interface Environment {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  mediasoup: string;
  canopy: string;
  /** Set if k6 generated the load. */
  k6?: string;
}

export function environment(): Environment {
  const cpus = os.cpus();
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    mediasoup: mediasoup.version,
    canopy: manifest.version,
  };
}
