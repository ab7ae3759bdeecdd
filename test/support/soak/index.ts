/** What happens in a soak: everybody who uses a server, again and again, and what is measured of it. */
export { bridges } from './bridged.ts';
export { invites } from './invitations.ts';
export { moderates, revokes } from './moderation.ts';
export { kills, watches } from './operation.ts';
export { invitePeople, LOAD, visits } from './people.ts';
export { callsFromAfar, callsIn, isCalled } from './phones.ts';
export { type QuietSample, sampleWhenQuiet } from './quiet-sample.ts';
export { SoakRun } from './soak-run.ts';
export { lateGrowth } from './trend.ts';
