/** Network emulation without kernel support: seeded relays between clients and a server. */
export type { LinkCounters } from './link.ts';
export type { BurstLoss, LinkProfile, RandomLoss, Schedule, ScheduleStep } from './profile.ts';
export { TcpRelay, type TcpRelayOptions } from './tcp-relay.ts';
export { UdpRelay, type UdpRelayOptions } from './udp-relay.ts';
