/** What calls need to survive the gateway, kept in the data folder. */
export { CallSaver } from './call-saver.ts';
export { CallSnapshots, type Snapshot } from './call-snapshots.ts';
