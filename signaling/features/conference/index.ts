export { roomAllocation } from './allocation-rest.ts';
export { conferenceMetrics } from './metrics.ts';
export { registerConference } from './register.ts';
