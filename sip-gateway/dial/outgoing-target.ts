import { routeDial, type SipTrunk, type TelephonyConfig } from '../../contract/index.ts';
import type { CallTarget } from '../sip/index.ts';

/** How a call out of a room is placed. */
export interface OutgoingTarget {
  target: CallTarget;
  /** What is dialled there. */
  number: string;
  trunk: string | null;
  /** User part of From. */
  callerId: string | undefined;
}

/** Where the dial plan sends what a room dials; undefined where nothing permits it. */
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
