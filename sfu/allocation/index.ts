/** Who receives what: collects the state, calls the allocator, and applies its decisions. */
export { Allocations } from './allocations.ts';
export { RoomAllocation } from './room-allocation.ts';
