export type { JoinTrace } from './join-trace.ts';
export type { JoinTracer } from './join-tracer.ts';
export { openJoinTracer } from './open-join-tracer.ts';
