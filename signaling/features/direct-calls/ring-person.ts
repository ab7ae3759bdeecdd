import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import { dialledNumber } from '../../../contract/index.ts';
import {
  holderOf,
  type Kernel,
  mayBeCalled,
  mayCallNumbers,
  type RingablePhone,
} from '../../kernel/index.ts';
import type { CallPreferences } from './call-preferences.ts';
import type { CallMedia, DirectCall } from './contract.ts';
import type { Asking, DirectCalls, Reach } from './direct-calls.ts';
import { type Party, phoneKey } from './parties.ts';
import type { RingLimits } from './ring-limits.ts';

export interface RingFeature {
  calls: DirectCalls;
  preferences: CallPreferences;
  limits: RingLimits;
}

/** Whom an address leads to: a person, or a telephone number with what is rung for it. */
export type Callee =
  | { accountId: string; displayName: string }
  | { number: string; displayName: string; phones: RingablePhone[] };

const NUMBER_PREFIX = 'tel:';

/**
 * Rings a person's devices and phones, if they permit that.
 *
 * @param check called once everything is known that takes time; it may throw
 * @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, RATE_LIMITED, IN_ANOTHER_CALL, SERVER_BUSY, SERVER_CLOSING
 */
export async function ringPerson(
  kernel: Kernel,
  { calls, preferences, limits }: RingFeature,
  caller: Asking,
  callee: { accountId: string; displayName: string },
  { callId, media, check }: { callId: string; media: CallMedia; check?: () => void },
): Promise<DirectCall> {
  const reach = await reachOf(kernel, preferences, caller, callee);
  check?.();
  demandOpen(kernel);
  limits.ring(caller.limitKey ?? caller.accountId, callee.accountId);
  return calls.start(caller, { callId, media, ...reach });
}

/** Where a call goes that somebody forwards. The numbers that they may call count. @throws {CanopyError} as ringPerson() */
export async function divert(
  kernel: Kernel,
  { preferences, limits }: Pick<RingFeature, 'preferences' | 'limits'>,
  { caller, from, to, passed }: { caller: Party; from: Party; to: string; passed: readonly string[] },
): Promise<Reach> {
  const account = await kernel.accounts.find(from.accountId);
  if (!account) {
    throw new CanopyError('PERSON_UNKNOWN');
  }
  const dials = { accountId: from.accountId, mayDial: mayCallNumbers(holderOf(account)) };
  const callee = await calleeAt(kernel, preferences, dials, to);
  if ('phones' in callee) {
    const { phones, ...somebody } = callee;
    return { callee: { ...somebody, accountId: phoneKey(randomUUID()) }, phones, mayDisturb: true };
  }
  if (passed.includes(callee.accountId)) {
    throw new CanopyError('CALL_BARRED', 'the call was forwarded by them');
  }
  const reach = await reachOf(kernel, preferences, caller, callee);
  limits.ring(caller.limitKey ?? caller.accountId, callee.accountId);
  return reach;
}

/** How a person can be reached by this caller. @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED */
async function reachOf(
  kernel: Kernel,
  preferences: CallPreferences,
  caller: Party,
  callee: { accountId: string; displayName: string },
): Promise<Reach> {
  const { accountId } = callee;
  if (accountId === caller.accountId) {
    throw new CanopyError('PERSON_UNKNOWN', 'this is your own address');
  }
  const { callsFrom, doNotDisturb, forwarding } = await preferences.of(accountId);
  const isBarred =
    callsFrom === 'nobody' ||
    (await preferences.isBlocked(accountId, caller.accountId)) ||
    (callsFrom === 'contacts' && !(await isContact(kernel, accountId, caller)));
  if (isBarred) {
    throw new CanopyError('CALL_BARRED');
  }
  const exchange = kernel.phoneExchange;
  const [phones = [], callerNumber] = await Promise.all([
    exchange?.phonesOf(accountId),
    caller.number ?? exchange?.numberOf(caller.accountId),
  ]);
  return { callee, mayDisturb: !doNotDisturb, phones, callerNumber, forwarding };
}

/** @throws {CanopyError} SERVER_CLOSING */
export function demandOpen({ draining }: Pick<Kernel, 'draining'>): void {
  if (draining) {
    throw new CanopyError('SERVER_CLOSING');
  }
}

/**
 * Whom an address leads to. A number of a person leads to the person.
 *
 * @throws {CanopyError} PERSON_UNKNOWN, CALL_REFUSED, RATE_LIMITED, GATEWAY_MISSING; FORBIDDEN - the caller may not call numbers
 */
export async function calleeAt(
  kernel: Kernel,
  preferences: CallPreferences,
  { accountId: callerId, mayDial }: { accountId: string; mayDial: boolean },
  address: string,
): Promise<Callee> {
  if (!address.startsWith(NUMBER_PREFIX)) {
    return personAt(kernel, preferences, address);
  }
  const number = dialledNumber(address.replaceAll(' ', ''));
  const exchange = kernel.phoneExchange;
  if (number === undefined || !exchange) {
    throw new CanopyError('CALL_REFUSED');
  }
  const accountId = await exchange.accountAt(number);
  if (accountId !== undefined) {
    return personAt(kernel, preferences, accountId);
  }
  if (!mayDial) {
    throw new CanopyError('FORBIDDEN', 'you may not call telephone numbers');
  }
  const phone = await exchange.route(number, callerId);
  return { number, displayName: phone.displayName, phones: [phone] };
}

/** The person with this account id or alias. @throws {CanopyError} PERSON_UNKNOWN */
export async function personAt(
  { accounts, authority }: Pick<Kernel, 'accounts' | 'authority'>,
  preferences: CallPreferences,
  address: string,
): Promise<{ accountId: string; displayName: string }> {
  const accountId = address.length === 64 ? address : await preferences.byAlias(address);
  const account = accountId === undefined ? undefined : await accounts.find(accountId);
  if (!account || !mayBeCalled(holderOf(account)) || authority.revocation.isRevoked(account.account_id)) {
    throw new CanopyError('PERSON_UNKNOWN');
  }
  return { accountId: account.account_id, displayName: account.display_name };
}

function isContact(
  kernel: Kernel,
  accountId: string,
  { accountId: callerId, number }: Pick<Party, 'accountId' | 'number'>,
): Promise<boolean> {
  return number === undefined
    ? kernel.hasContact(accountId, callerId)
    : kernel.hasContactNumber(accountId, number);
}
