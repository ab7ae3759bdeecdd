/** Signalling storms with the load-testing tool k6; its scripts sign challenges and speak socket.io. */
export { type BenchK6Options, benchK6 } from './bench-k6.ts';
export { K6_SCENARIOS, type K6Scenario } from './scenarios.ts';
