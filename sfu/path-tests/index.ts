/** Tests of the network paths between a client and the workers, outside of rooms. */
export { PathTests } from './path-tests.ts';
export type { SentLoad, TestLoad } from './test-stream.ts';
