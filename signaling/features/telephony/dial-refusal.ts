import type { ErrorCode } from '../../../base/index.ts';
import {
  type DialRoute,
  dialledNumber,
  isEmergencyDialled,
  type TelephonyConfig,
  trunkBars,
} from '../../../contract/index.ts';

/**
 * Why a number may not be called, as far as the settings say so; undefined: it may, or the dial plan has no route. An account of one of our
 * phones may have any number.
 */
export function dialRefusal(
  { trunks }: Pick<TelephonyConfig, 'trunks'>,
  target: string,
  route: DialRoute | undefined,
  nowMs: number,
): ErrorCode | undefined {
  const dialled = dialledNumber(target);
  if (dialled === undefined || route?.type === 'phone') {
    return undefined;
  }
  const trunk = trunks.find(({ name }) => name === route?.trunk);
  const isEmergency = trunk === undefined && isEmergencyDialled(dialled, trunks);
  switch (route && trunk ? trunkBars(trunk, { number: route.number, dialled }, nowMs) : undefined) {
    case 'emergency':
      return 'EMERGENCY_CALL_REFUSED';
    case undefined:
      return isEmergency ? 'EMERGENCY_CALL_REFUSED' : undefined;
    default:
      return 'TRUNK_NUMBER_BARRED';
  }
}
