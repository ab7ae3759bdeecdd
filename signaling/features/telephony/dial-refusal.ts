import type { ErrorCode } from '../../../base/index.ts';
import {
  type DialRoute,
  dialledNumber,
  isEmergencyDialled,
  type SipTrunk,
  type TelephonyConfig,
  trunkBars,
} from '../../../contract/index.ts';

interface DialRefusal {
  code: ErrorCode;
  /** Set if the trunk never permits the number. */
  barredBy?: SipTrunk;
}

/**
 * Why a number may not be called, as far as the settings say so; undefined: it may, or the dial plan has no route. An account of one of our
 * phones may have any number.
 */
export function dialRefusal(
  { trunks }: Pick<TelephonyConfig, 'trunks'>,
  target: string,
  route: DialRoute | undefined,
  nowMs: number,
): DialRefusal | undefined {
  const dialled = dialledNumber(target);
  if (dialled === undefined || route?.type === 'phone') {
    return undefined;
  }
  const trunk = trunks.find(({ name }) => name === route?.trunk);
  if (!route || !trunk) {
    return isEmergencyDialled(dialled, trunks) ? { code: 'EMERGENCY_CALL_REFUSED' } : undefined;
  }
  switch (trunkBars(trunk, { number: route.number, dialled }, nowMs)) {
    case 'emergency':
      return { code: 'EMERGENCY_CALL_REFUSED' };
    case 'number':
      return { code: 'TRUNK_NUMBER_BARRED', barredBy: trunk };
    case 'hours':
      return { code: 'TRUNK_NUMBER_BARRED' };
    default:
      return undefined;
  }
}
