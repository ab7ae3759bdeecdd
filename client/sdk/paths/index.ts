/** Connection tests: over which paths this client's media would reach the server, and what they carry. */
export type { VideoCounts } from './link-estimate.ts';
export { type PathReport, type PathResult, testPaths } from './test-paths.ts';
export type { MediaPath } from './tested-path.ts';
