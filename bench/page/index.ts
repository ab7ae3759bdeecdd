/** The page in a real Chromium: what it loads, how soon it shows people, and what a call costs. */
export { type BenchPageOptions, benchPage, PAGE } from './bench-page.ts';
export { Chromium, ChromiumUnavailable } from './chromium.ts';
export { Company } from './company.ts';
export { FIRST_LOAD_BYTES, firstLoad } from './first-load.ts';
export { leave } from './joins.ts';
export { cpuSecondsOf } from './process-cpu.ts';
export { watch } from './watch.ts';
