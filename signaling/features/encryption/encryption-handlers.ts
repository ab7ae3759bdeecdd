import { CanopyError } from '../../../base/index.ts';
import { type Handlers, type Peer, requireSeat, type Session } from '../../kernel/index.ts';
import type { ENCRYPTION_REQUESTS } from './contract.ts';
import type { Encryption } from './encryption.ts';
import type { GroupDelivery } from './group-delivery.ts';
import type { CommitMetrics } from './metrics.ts';
import type { RevokedDevices } from './revoked-devices.ts';

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

export function encryptionHandlers(
  encryption: Encryption,
  revoked: RevokedDevices,
  metrics: CommitMetrics,
): Handlers<keyof typeof ENCRYPTION_REQUESTS> {
  const requireGroup = (session: Session): { delivery: GroupDelivery; peer: Peer } => {
    const { room, peer } = requireSeat(session);
    const delivery = encryption.of(room);
    if (!delivery) {
      throw new CanopyError('ENCRYPTION_INVALID', 'the room is not encrypted');
    }
    return { delivery, peer };
  };
  return {
    'encryption.create': async (session, { groupInfo, tree }) => {
      const { delivery, peer } = requireGroup(session);
      return { outcome: await delivery.create(peer, { groupInfo: bytesOf(groupInfo), tree: bytesOf(tree) }) };
    },

    'encryption.join': async (session, { keyPackage, alone }) => {
      const { delivery, peer } = requireGroup(session);
      return delivery.join(peer, { keyPackage: bytesOf(keyPackage), alone });
    },

    'encryption.commit': async (session, { commit, groupInfo, welcome }) => {
      const { delivery, peer } = requireGroup(session);
      const answer = await delivery.commit(peer, {
        commit: bytesOf(commit),
        groupInfo: bytesOf(groupInfo),
        welcome: welcome === undefined ? undefined : bytesOf(welcome),
      });
      metrics.committed(answer.outcome);
      return answer;
    },

    'encryption.missed': async (session, { groupId, epoch }) => {
      const missed = requireGroup(session).delivery.missed(groupId, epoch);
      return missed ? { missed } : {};
    },

    'encryption.stuck': async (session, { groupId }) => {
      const { delivery, peer } = requireGroup(session);
      await delivery.stuck(peer, groupId);
      return {};
    },

    'encryption.revocations': async (session, { known = [] }) =>
      revoked.answer(requireGroup(session).delivery.seen, known),

    'encryption.head': async (session, head) => {
      const { room, peer } = requireSeat(session);
      const { delivery } = requireGroup(session);
      const epoch = delivery.group?.epoch ?? -1;
      if (head.epoch === epoch) {
        delivery.usable(peer);
      }
      // Nobody is ahead of the server, unless it has lost a group.
      // The gateway speaks for its phones.
      const [participantId] = peer.participants.keys();
      if (participantId !== undefined && head.epoch <= epoch) {
        room.broadcast('encryption.head', { participantId, ...head });
      }
      return {};
    },
  };
}
