/** How many rooms and phones a server carries. */
export { benchCapacity, CAPACITY, type CapacityOptions } from './bench-capacity.ts';
export type { GrowingLoad } from './growing-load.ts';
export { type CapacityKind, withClose } from './kinds.ts';
export { MACHINES } from './machines.ts';
export { costTable, machineTable, type Sizing } from './sizing.ts';
