/** What people see of a room's end-to-end encryption. */
import { CanopyError } from '../../../contract/light.ts';

/**
 * What is wrong. `failed`: this device cannot take part; `forged`: a message of the group that breaks its rules, or is not genuine; `fork`: somebody sees another history; `withheld`:
 * somebody is in an epoch that this device was not told about; `replayed`: the server repeats a message; `stranger`: a device has the keys
 * that the server does not list as present, and it stays; `outside`: somebody is present without the keys; `identity`: the server says that a
 * device belongs to somebody else than its certificate does, or that two people have it; `expired`: the certificate of a device that has the
 * keys is over; `revoked`: a device that has the keys is revoked; `unchecked`: the list that would say whether a device is revoked is out of
 * date; `replaced`: the server ended a group that worked; `content`: a message, a
 * reaction or a file that is not encrypted or not genuine, and is not shown.
 */
export type EncryptionAlarmKind =
  | 'failed'
  | 'forged'
  | 'fork'
  | 'withheld'
  | 'replayed'
  | 'stranger'
  | 'outside'
  | 'identity'
  | 'expired'
  | 'revoked'
  | 'unchecked'
  | 'replaced'
  | 'content';

export interface EncryptionAlarm {
  kind: EncryptionAlarmKind;
  /** The device that it is about, if it is one. */
  deviceId?: string | undefined;
  /** The reason for programs and logs, in English. */
  detail?: string | undefined;
}

/** The alarm for an error after which there are no keys. */
export function failureAlarm(error: unknown): EncryptionAlarm {
  const { code, detail } = CanopyError.from(error);
  const kind = code === 'ENCRYPTION_INVALID' ? 'forged' : 'failed';
  return { kind, detail: detail === undefined ? code : `${code}: ${detail}` };
}

/** A device that has the keys. */
export interface EncryptedMember {
  leaf: number;
  deviceId: string;
  /** The name in its certificate. */
  name: string;
  /** Whether it is the deployment's phone gateway: what phones hear and say is decrypted there, on the server. */
  isGateway: boolean;
  /** The account to which its certificate says that it belongs. */
  accountId: string;
}

export interface EncryptionState {
  /**
   * `joining`: this device has no keys yet and sends nothing, or is rejoining and still sends with its former keys; `ready`; `failed`:
   * there will be none.
   */
  state: 'joining' | 'ready' | 'failed';
  /** Whoever has the keys, by their certificates: not what the server says. */
  members: readonly EncryptedMember[];
  /** Six groups of digits, the same for all members. They change whenever somebody comes or goes. */
  code: readonly string[];
  /** The room's group is another one than before, while this device was in the room: compare the code again. */
  isGroupNew: boolean;
  /** What was wrong since this client entered; each kind once per device. */
  alarms: readonly EncryptionAlarm[];
}
