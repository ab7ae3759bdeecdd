/** What keeps those inside from being hurt: how loaded the workers are, how much must be saved, who may still come in. */
export { refusal } from './admission.ts';
export { LoadMonitor } from './load-monitor.ts';
export type { StressLevel } from './stress.ts';
