/** The page in a real Chromium: what it loads, how soon it shows people, and what a call costs. */
export { type BenchPageOptions, benchPage, PAGE } from './bench-page.ts';
export { ChromiumUnavailable } from './chromium.ts';
export { FIRST_LOAD_BYTES, firstLoad } from './first-load.ts';
