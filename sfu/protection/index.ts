/** Protection against overload: the load of the workers, how much CPU to save, and whether newcomers are admitted. */
export { refusal } from './admission.ts';
export { LoadMonitor } from './load-monitor.ts';
export type { StressLevel } from './stress.ts';
