export { type JoinStage, Metrics } from './metrics.ts';
