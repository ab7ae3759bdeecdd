import { matchDialRule, type TelephonyConfig } from '../../contract/index.ts';

/** Where a call that came in leads. */
export type IncomingRoute =
  | { type: 'room'; roomId: string; pin?: string }
  | { type: 'pin' }
  /** SIP status to refuse with. */
  | { type: 'reject'; status: number };

const NOT_FOUND = 404;

/**
 * What the dial plan says of a dialled user part or number: its first incoming rule that fits. A number that no rule names does not
 * exist here.
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
