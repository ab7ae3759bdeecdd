import { routeDial, type SipTrunk, type TelephonyConfig } from '../../contract/index.ts';
import type { CallTarget } from '../sip/index.ts';

/** How to place a call from a room. */
export interface OutgoingTarget {
  target: CallTarget;
  /** The number or phone to dial there. */
  number: string;
  trunk: string | null;
  /** User part of From. */
  callerId: string | undefined;
}

/** Applies the dial plan to a number dialled from a room; undefined if no rule permits it. */
export function outgoingTarget(config: TelephonyConfig, dialled: string): OutgoingTarget | undefined {
  const route = routeDial(config, dialled);
  if (!route) {
    return undefined;
  }
  if (route.type === 'phone') {
    const { username } = route;
    return { target: { user: username }, number: username, trunk: null, callerId: undefined };
  }
  const { trunk: name, number } = route;
  const trunk = config.trunks.find((each) => each.name === name);
  return trunk && { target: { trunk: name, number }, number, trunk: name, callerId: callerIdOf(trunk) };
}

function callerIdOf({ callerId, username }: SipTrunk): string | undefined {
  return callerId ?? username;
}
