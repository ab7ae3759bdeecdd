/** Who receives what: collects the state, has it decided, and puts decisions into force. */
export { Allocations } from './allocations.ts';
export { Ceiling, LEAST_BPS } from './ceiling.ts';
export { Estimate } from './estimate.ts';
export { RoomAllocation } from './room-allocation.ts';
