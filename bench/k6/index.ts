/** Storms of signalling by k6, the load testing program: it signs challenges and speaks socket.io itself. */
export { type BenchK6Options, benchK6 } from './bench-k6.ts';
export { K6Unavailable } from './build.ts';
export { K6_SCENARIOS, type K6Scenario } from './scenarios.ts';
