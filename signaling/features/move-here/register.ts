import { CanopyError } from '../../../base/index.ts';
import { type Kernel, requireSeat } from '../../kernel/index.ts';
import { MOVE_HERE_REQUESTS } from './contract.ts';

/** Someone who is in a room on two devices moves the call to one of them. */
export function registerMoveHere(kernel: Kernel): void {
  kernel.requests(MOVE_HERE_REQUESTS, {
    'room.moveHere': async (session) => {
      const { room, peer } = requireSeat(session);
      if (peer.participantId === undefined) {
        throw new CanopyError('FORBIDDEN', 'a bridge has no call of its own');
      }
      const { accountId } = peer;
      return { devices: room.removeAccount(accountId, { code: 'CALL_MOVED', reason: 'left', keeps: peer }) };
    },
  });
}
