/** The load generator and its reports, as `canopy bench` runs them. */
export { type BenchOptions, bench } from './bench.ts';
