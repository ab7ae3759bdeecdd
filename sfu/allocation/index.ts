/** Who receives what: collects the state, has it decided, and puts decisions into force. */
export { Allocations } from './allocations.ts';
export { RoomAllocation } from './room-allocation.ts';
