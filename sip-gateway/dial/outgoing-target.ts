import {
  e164,
  numberForTrunk,
  routeDial,
  type SipTrunk,
  type TelephonyConfig,
} from '../../contract/index.ts';
import type { CallTarget } from '../sip/index.ts';

/** How to place a call from a room. */
export interface OutgoingTarget {
  target: CallTarget;
  /** The number called, in E.164 form if the trunk's settings give it one, or the phone. For the history; the trunk may want another form. */
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
  return (
    trunk && {
      target: { trunk: name, number: numberForTrunk(number, trunk.numbers) },
      number: (trunk.numbers && e164(number, trunk.numbers)) ?? number,
      trunk: name,
      callerId: callerIdOf(trunk),
    }
  );
}

function callerIdOf({ callerId, username }: SipTrunk): string | undefined {
  return callerId ?? username;
}
