/** Speech onsets: what of a beginning is lost where only the loudest are forwarded, and what that saves. */
export { benchOnsets, ONSETS, type OnsetResult } from './bench-onsets.ts';
