import { CanopyError } from '../../../base/index.ts';
import {
  type CallRecord,
  dialledNumber,
  matchDialRule,
  routeDial,
  type TelephonyConfig,
} from '../../../contract/index.ts';
import { dialRefusal } from './dial-refusal.ts';

/** What the operator wants to connect a call with. */
export interface TransferWish {
  call: CallRecord;
  /** The other call of an attended transfer. */
  other: CallRecord | undefined;
  target: string | undefined;
}

/**
 * Checks a transfer that the operator asks for. The party is sent to a room, or asks its own trunk to connect it: Canopy connects no two
 * callers itself.
 *
 * @throws {CanopyError} BAD_REQUEST, CALL_REFUSED, EMERGENCY_CALL_REFUSED, TRUNK_NUMBER_BARRED
 */
export function demandTransfer(
  settings: Pick<TelephonyConfig, 'phones' | 'trunks' | 'dialPlan'>,
  { call, other, target }: TransferWish,
): void {
  if ((target === undefined) === (other === undefined)) {
    throw new CanopyError('BAD_REQUEST', 'give either target or otherCallId');
  }
  if (call.transfer?.sipStatus === null) {
    throw new CanopyError('BAD_REQUEST', 'a transfer of this call is in progress');
  }
  if (other) {
    if (other.callId === call.callId || call.trunk === null || other.trunk !== call.trunk) {
      throw new CanopyError('CALL_REFUSED', 'both calls must be different ones through the same trunk');
    }
    return;
  }
  const number = dialledNumber(target ?? '');
  const rule = number === undefined ? undefined : matchDialRule(settings.dialPlan, 'incoming', number);
  if (rule?.action.type === 'room' && rule.action.pin === undefined) {
    return;
  }
  const route = routeDial(settings, target ?? '');
  const refusal = dialRefusal(settings, target ?? '', route, Date.now());
  if (refusal !== undefined) {
    throw new CanopyError(refusal.code);
  }
  if (route?.type !== 'trunk' || route.trunk !== call.trunk) {
    throw new CanopyError(
      'CALL_REFUSED',
      "the target is neither a number of the call's trunk nor of a room without a PIN",
    );
  }
}
