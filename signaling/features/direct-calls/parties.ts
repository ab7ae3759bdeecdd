import type { Endpoint } from './call-devices.ts';

/** One of the two people of a call. */
export interface Party {
  /** The account's id; for somebody on a phone that is nobody's, a key of the call's own. */
  readonly accountId: string;
  readonly displayName: string;
  /** Set if it is no account: the telephone number, empty if it is withheld. */
  readonly number?: string | undefined;
  /** Whom its calls count for, if it is no account. */
  readonly limitKey?: string | undefined;
  /** Where this person placed or answered the call, or declined it. */
  endpoint?: Endpoint | undefined;
  /** The phone that this person is on; undefined: on a device. */
  phone?: PartyPhone | undefined;
}

export interface PartyPhone {
  /** Its call in the history of phone calls. */
  readonly legId: string;
  /** Its user name, or the number outside. */
  readonly number: string;
  codec?: string | null | undefined;
  mos?: number | null | undefined;
}

/** Whether it is an account, with a list of calls and devices. */
export function isAccount({ number }: Pick<Party, 'number'>): boolean {
  return number === undefined;
}

/** The key of somebody on a phone that is nobody's. */
export function phoneKey(callId: string): string {
  return `phone:${callId}`;
}

/** A phone as an endpoint, which no device equals. */
export function phoneEndpoint(legId: string): Endpoint {
  return { deviceId: 'phone', clientId: legId };
}
