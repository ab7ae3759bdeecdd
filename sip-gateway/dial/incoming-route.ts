import { matchDialRule, type TelephonyConfig } from '../../contract/index.ts';

/** Where an incoming call leads. */
export type IncomingRoute =
  | { type: 'room'; roomId: string; pin?: string }
  | { type: 'pin' }
  /** Refuse with this SIP status. */
  | { type: 'reject'; status: number };

const NOT_FOUND = 404;

/**
 * Applies the dial plan to a dialled number or user part: the first matching incoming rule decides. Without one, the number does not exist.
 */
export function incomingRoute(
  { dialPlan }: Pick<TelephonyConfig, 'dialPlan'>,
  dialled: string,
): IncomingRoute {
  const action = matchDialRule(dialPlan, 'incoming', dialled)?.action;
  switch (action?.type) {
    case 'room':
      return { type: 'room', roomId: action.roomId, ...(action.pin !== undefined && { pin: action.pin }) };
    case 'pin':
      return { type: 'pin' };
    case 'reject':
      return { type: 'reject', status: action.status };
    default:
      return { type: 'reject', status: NOT_FOUND };
  }
}
