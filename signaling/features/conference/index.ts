export { roomAllocation } from './allocation-rest.ts';
export { registerConference } from './register.ts';
