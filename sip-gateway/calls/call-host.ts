import type { Logger } from '../../base/index.ts';
import type { CallRecord, TelephonyConfig } from '../../contract/index.ts';
import type { RoomBridges } from '../bridge/index.ts';
import type { MediaPool, PortRange } from '../media/index.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Prompts } from '../prompts/index.ts';
import type { PhoneCall } from './phone-call.ts';
import type { PinGuard } from './pin-guard.ts';

/** What calls need from the gateway that owns them. */
export interface CallHost {
  readonly pool: MediaPool;
  readonly rooms: RoomBridges;
  readonly prompts: Prompts;
  readonly metrics: GatewayMetrics;
  /** Counts wrong PINs across all calls. */
  readonly pins: PinGuard;
  readonly log: Logger;
  readonly ports: PortRange;
  /** A phone whose media is silent for longer is gone, in seconds. */
  readonly silenceSeconds: number;
  /** The settings of the moment. */
  config(): TelephonyConfig;
  /** The own address that a peer's media goes to. */
  mediaAddress(peer: string): string;
  /** Notes the state of a call in the history. */
  record(call: CallRecord): void;
  adopt(call: PhoneCall): void;
  forget(call: PhoneCall): void;
}
