/** Everything that happens in a soak: all kinds of users, over and over, and the measurements. */
export { bridges } from './bridged.ts';
export { invites } from './invitations.ts';
export { moderates, revokes } from './moderation.ts';
export { collectGarbage, INSPECTABLE, inspectorsIn } from './node-heap.ts';
export { kills, watches } from './operation.ts';
export { invitePeople, LOAD, visits } from './people.ts';
export { callsFromAfar, callsIn, isCalled } from './phones.ts';
export { type QuietSample, sampleWhenQuiet } from './quiet-sample.ts';
export { SoakRun } from './soak-run.ts';
