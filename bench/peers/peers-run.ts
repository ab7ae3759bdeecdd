import type { CpuTimes } from '../generator/index.ts';
import type { Figure } from '../report/index.ts';
import type { JoinMeasurement } from './measure-joins.ts';
import type { LoadMeasurement } from './measure-load.ts';
import type { PeersScenario } from './scenarios.ts';
import type { SystemName, Variant } from './systems.ts';

/** One system in one scenario of one round. */
export type Measured =
  | { kind: 'load'; scenario: string; variant: Variant; round: number; result: LoadMeasurement }
  | { kind: 'join'; variant: Variant; round: number; result: JoinMeasurement };

/** Everything that was measured. */
export interface PeersRun {
  startedAt: Date;
  command: string;
  scenarios: readonly PeersScenario[];
  seconds: number;
  /** How long each room rested before. */
  settleSeconds: number;
  measured: Measured[];
  versions: Partial<Record<SystemName, string>>;
  /** Systems that could not be measured, and how to get them. */
  skipped: Partial<Record<SystemName, string>>;
  /** Measurements that failed, and why. */
  failed: string[];
  floors: Array<{ scenario: string; sendtoUs: number; segmentsUs: number }>;
  /** The gateway beside rtpengine. */
  phones: Figure[];
  machine: { before: CpuTimes; after: CpuTimes };
}
