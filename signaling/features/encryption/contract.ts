/**
 * End-to-end encryption: the server delivers the messages of each room's MLS group (RFC 9420) in one order. It sees who is in the group, and
 * none of its secrets. All byte strings are base64.
 */
import { z } from 'zod';
import {
  encryptionPolicy,
  logged,
  nothing,
  objectId,
  sha256Hex,
  signature,
} from '../../../contract/index.ts';
import {
  MAX_COMMIT_BYTES,
  MAX_GROUP_INFO_BYTES,
  MAX_KEY_PACKAGE_BYTES,
} from '../../../contract/mls/index.ts';

const bytes = (max: number) => z.base64().max(Math.ceil(max / 3) * 4);
/** The group's id: 16 random bytes, as hex. */
const groupId = z.string().regex(/^[0-9a-f]{32}$/);
const epoch = z.int().min(0);
const commit = bytes(MAX_COMMIT_BYTES);
/** GroupInfo with `external_pub` and without `ratchet_tree` (RFC 9420 section 12.4.3). */
const groupInfo = bytes(MAX_GROUP_INFO_BYTES);
/** The ratchet tree of the epoch (RFC 9420 section 12.4.3.3). */
const tree = z.base64();
/** Maximum number of revocation lists that a client says it has. */
const MAX_LISTS = 64;
/** SHA-256: 32 bytes. */
const digest = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
/** A PublicMessage that ended an epoch. */
const committed = z.object({ epoch, commit });

export const ENCRYPTION_REQUESTS = {
  /**
   * Creates the room's group. `late`: there is one by now; join it.
   */
  'encryption.create': {
    data: z.object({ groupInfo, tree: bytes(MAX_KEY_PACKAGE_BYTES) }),
    result: z.object({ outcome: z.enum(['accepted', 'late']) }),
  },
  /**
   * How to get into the group. `create`: there is none. `commit`: by an external commit. `wait`: many come at once, so a member adds the key
   * package, and `encryption.welcome` follows; if it does not within some seconds, ask again with `alone`.
   */
  'encryption.join': {
    data: z.object({ keyPackage: bytes(MAX_KEY_PACKAGE_BYTES), alone: z.boolean().optional() }),
    result: z.discriminatedUnion('way', [
      z.object({ way: z.literal('create') }),
      z.object({ way: z.literal('commit'), groupId, epoch, groupInfo, tree }),
      z.object({ way: z.literal('wait') }),
    ]),
  },
  /**
   * Ends an epoch: the first commit wins, and everyone gets it as `encryption.committed`. `late`: another one won; `missed` are those since
   * the epoch of this one, absent if they are no longer kept (join again).
   */
  'encryption.commit': {
    data: z.object({
      commit,
      /** Of the epoch that the commit begins. */
      groupInfo,
      /** For the members that it adds. */
      welcome: bytes(MAX_COMMIT_BYTES).optional(),
    }),
    result: z.discriminatedUnion('outcome', [
      z.object({ outcome: z.literal('accepted') }),
      z.object({ outcome: z.literal('late'), missed: z.array(committed).optional() }),
    ]),
  },
  /** The commits from an epoch on; absent if they are no longer kept, or the group is another one (join again). */
  'encryption.missed': {
    data: z.object({ groupId, epoch }),
    result: z.object({ missed: z.array(committed).optional() }),
  },
  /**
   * This device has not been able to use the room's group for a while. When every connected device has said so, the group ends
   * (`encryption.ended`), and the first one to ask creates another.
   */
  'encryption.stuck': { data: z.object({ groupId }), result: nothing },
  /**
   * Who is revoked of the devices that were in the group, and the revocation lists of the company's authorities. All of it is signed, for
   * the client to check.
   */
  'encryption.revocations': {
    /** `known`: SHA-256 of the lists that the client has. */
    data: z.object({ known: z.array(sha256Hex).max(MAX_LISTS).optional() }),
    result: z.object({
      /** DER of the other lists. Those that are too large for an answer are left out. */
      lists: z.array(z.base64()),
      /** Absent: nobody is. */
      revoked: z
        .object({
          /** Ids of devices and accounts. */
          ids: z.array(sha256Hex),
          /** Unix time in milliseconds. */
          timeMs: z.number(),
          /** Of the server's leaf, as in `transport.create`. */
          chain: z.array(z.base64()),
          /** Over revokedStatement(), by that leaf. */
          signature,
        })
        .optional(),
    }),
  },
  /** Tells the others in which epoch this device is, so that everyone notices if they are shown different histories. */
  'encryption.head': {
    data: z.object({
      epoch,
      /** SHA-256 of `canopy/group-head/1`, a line feed and the epoch's authenticator. */
      digest,
      /** Over groupHeadStatement(), by the device's key. */
      signature,
    }),
    result: nothing,
  },
} as const;

export const ENCRYPTION_EVENTS = {
  /** The group was created, or created anew after all its members had left. */
  'encryption.created': logged({ groupId }),
  /** Nobody could use the group. Join again. */
  'encryption.ended': logged({ groupId }),
  /** An epoch has ended. */
  'encryption.committed': logged({ groupId, ...committed.shape }),
  /** A member has added this device. */
  'encryption.welcome': z.object({ groupId, epoch, welcome: z.base64(), tree }),
  /** For a member: these people wait to be added. */
  'encryption.waiting': z.object({ keyPackages: z.array(z.base64()) }),
  /** Somebody was revoked, or a revocation list has changed: ask for it. */
  'encryption.revoked': z.object({}),
  'encryption.head': z.object({
    participantId: objectId,
    ...ENCRYPTION_REQUESTS['encryption.head'].data.shape,
  }),
} as const;

export const ENCRYPTION_SNAPSHOT = {
  /** The room's policy, and its group: null if there is none (yet). */
  encryption: z.object({
    policy: encryptionPolicy,
    /**
     * The authorities of which each member's certificate path needs one: SHA-256 of their keys. A device that does not know all of them
     * stays outside. Absent if the room is not encrypted.
     */
    authorities: z.array(sha256Hex).min(1).optional(),
    group: z.object({ groupId, epoch }).nullable(),
  }),
} as const;

type EncryptionRequests = typeof ENCRYPTION_REQUESTS;
type EncryptionEvents = typeof ENCRYPTION_EVENTS;
type EncryptionSnapshot = typeof ENCRYPTION_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends EncryptionRequests {}
  interface Events extends EncryptionEvents {}
  interface SnapshotParts extends EncryptionSnapshot {}
}
