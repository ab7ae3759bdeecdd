/** Speech onsets: how much of them is lost if only the loudest are forwarded, and what that saves. */
export { benchOnsets, ONSETS, type OnsetResult } from './bench-onsets.ts';
