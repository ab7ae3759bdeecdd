/** The media plane: mediasoup workers, rooms, and who receives what. Callers exchange only plain data with it. */

export { type CodecName, codecsOf, type PhoneCodec } from './codecs.ts';
export type { TestLoad } from './path-tests/index.ts';
export { Sfu } from './sfu.ts';
export { budgetsOf, type SfuOptions } from './sfu-options.ts';
export { type AddressScope, addressScope } from './transports/index.ts';
export type * from './types.ts';
export {
  AnnouncedHosts,
  announcedOf,
  FIELD_TRIALS,
  listenAddresses,
  numbersProbesApart,
} from './workers/index.ts';
