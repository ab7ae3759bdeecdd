import {
  dialledNumber,
  numberFromTrunk,
  type SipTrunk,
  type TelephonyConfig,
  type TransferScope,
} from '../../contract/index.ts';
import type { CallerIdentity } from '../sip/index.ts';
import { incomingRoute } from './incoming-route.ts';
import { type OutgoingTarget, outgoingTarget } from './outgoing-target.ts';

/** Where a transfer leads. */
export type TransferRoute =
  /** The phone itself goes to this room. */
  | { type: 'room'; roomId: string }
  | { type: 'call'; dialled: string; displayName: string; route: OutgoingTarget }
  /** Refuse with this SIP status. */
  | { type: 'refuse'; status: number; reason: string };

/**
 * Where the party of a call may transfer it. Only the number in the target counts, never its host: the dial plan decides, as for calls from
 * a room. A phone of ours comes first, then a room that asks for no PIN, then the outgoing rules if the party may use them (threat 19).
 */
export function transferRoute(config: TelephonyConfig, party: CallerIdentity, target: string): TransferRoute {
  const scope = transferScopeOf(config, party);
  if (scope === 'off') {
    return { type: 'refuse', status: 403, reason: 'Transfers Not Allowed' };
  }
  const named = dialledNumber(target);
  if (named === undefined) {
    return { type: 'refuse', status: 404, reason: 'No Such Number' };
  }
  const dialled = numberFromTrunk(named, trunkOf(config, party)?.numbers);
  const route = outgoingTarget(config, dialled);
  if (route?.trunk === null) {
    const account = config.phones.find(({ username }) => username === route.number);
    return { type: 'call', dialled, displayName: account?.displayName ?? route.number, route };
  }
  const room = incomingRoute(config, dialled);
  if (room.type === 'room' && room.pin === undefined) {
    return { type: 'room', roomId: room.roomId };
  }
  if (route && scope === 'outgoing') {
    return { type: 'call', dialled, displayName: route.number.slice(0, 64), route };
  }
  if (route || room.type !== 'reject') {
    return { type: 'refuse', status: 403, reason: 'Not Permitted By The Dial Plan' };
  }
  return { type: 'refuse', status: 404, reason: 'No Such Number' };
}

/** The trunk that a party called through; undefined for other parties. */
export function trunkOf(
  { trunks }: Pick<TelephonyConfig, 'trunks'>,
  party: CallerIdentity,
): SipTrunk | undefined {
  return party.kind === 'trunk' ? trunks.find(({ name }) => name === party.trunkId) : undefined;
}

/** Where this party may transfer and forward calls. Strangers may not. */
function transferScopeOf(
  config: Pick<TelephonyConfig, 'phones' | 'trunks'>,
  party: CallerIdentity,
): TransferScope {
  switch (party.kind) {
    case 'user': {
      const phone = config.phones.find(({ username }) => username === party.username);
      return phone ? (phone.transfers ?? 'internal') : 'off';
    }
    case 'trunk':
      return trunkOf(config, party)?.transfers ?? 'off';
    case 'anonymous':
      return 'off';
  }
}
