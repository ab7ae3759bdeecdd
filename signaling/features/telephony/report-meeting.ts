import { type CallRecord, isCallRoom } from '../../../contract/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import type { Telephony } from './telephony.ts';

/** A call of a phone with a room is over: it belongs in the list of its owner's calls. Direct calls are there already. */
export async function reportMeeting(
  kernel: Pick<Kernel, 'metByPhone'>,
  { phones }: Pick<Telephony, 'phones'>,
  call: CallRecord,
): Promise<void> {
  const { phone, roomId, endedAtMs } = call;
  if (phone === undefined || roomId === null || endedAtMs === null || isCallRoom(roomId)) {
    return;
  }
  const accountId = await phones.ownerOf(phone);
  if (accountId !== undefined) {
    const isIncoming = call.direction === 'outgoing';
    kernel.metByPhone({ ...call, accountId, phone, roomId, endedAtMs, isIncoming });
  }
}
