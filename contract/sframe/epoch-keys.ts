/** What a room's MLS group makes for media: the seam to whatever encrypts and decrypts it. */

/** The SFrame cipher suites in use (RFC 9605 section 4.5): the first for video, the other, whose tags are shorter, for audio. */
export type SFrameSuite = 'AES_128_GCM_SHA256_128' | 'AES_128_CTR_HMAC_SHA256_80';

/**
 * The length of each suite's base key in bytes: AEAD.Nk of RFC 9605, which is how much of
 * `MLS-Exporter("SFrame 1.0 Base Key", "", AEAD.Nk)` a group has to export (section 5.2).
 */
export const BASE_KEY_BYTES: Readonly<Record<SFrameSuite, number>> = {
  AES_128_GCM_SHA256_128: 16,
  AES_128_CTR_HMAC_SHA256_80: 48,
};

const DEVICE = 'device ';

/** The name of a device as a member. */
export function deviceMember(deviceId: string): string {
  return `${DEVICE}${deviceId}`;
}

/** Who sends a participant's frames. A participant without a device is never taken for one. */
export function memberOf(
  participantId: string | undefined,
  deviceId: string | undefined,
): string | undefined {
  if (deviceId !== undefined) {
    return deviceMember(deviceId);
  }
  return participantId?.startsWith(DEVICE) ? undefined : participantId;
}

/** What media needs of one epoch of a room's group (RFC 9605 section 5.2). */
export interface EpochKeys {
  /** Names the group. Another group counts its epochs from 0. */
  groupId: string;
  epoch: bigint;
  /** One base key for each suite, of BASE_KEY_BYTES. */
  baseKeys: Readonly<Record<SFrameSuite, Uint8Array>>;
  /** This device's own leaf index. */
  ownLeaf: number;
  /**
   * Every member by leaf index: deviceMember() of its device, or its participant id where a program manages the keys of a room that is not
   * an encrypted one, whose roster names no devices. A device that is in the room twice has two leaves.
   */
  members: ReadonlyMap<number, string>;
}

/** An epoch's keys without the members that are in `before` but no longer in `after`. */
export function withoutExcluded(keys: EpochKeys, before: EpochKeys, after: EpochKeys): EpochKeys {
  const kept = new Set(after.members.values());
  const excluded = new Set([...before.members.values()].filter((name) => !kept.has(name)));
  return { ...keys, members: new Map([...keys.members].filter(([, name]) => !excluded.has(name))) };
}
