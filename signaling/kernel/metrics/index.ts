export type { JoinStage } from './join-stage.ts';
export { Metrics } from './metrics.ts';
