/** The media plane: mediasoup workers, rooms, and who receives what. Only plain data crosses this face. */
export { AnnouncedHosts, announcedOf } from './announced-hosts.ts';
export { type AddressScope, addressScope } from './candidates.ts';
export { type CodecName, codecsOf } from './codecs.ts';
export { listenAddresses } from './listen.ts';
export { Sfu } from './sfu.ts';
export { budgetsOf, type SfuOptions } from './sfu-options.ts';
export type * from './types.ts';
export { numbersProbesApart } from './worker-probes.ts';
