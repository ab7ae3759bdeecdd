import { CanopyError } from '../../../base/index.ts';
import { dialledNumber } from '../../../contract/index.ts';
import {
  demand,
  holderOf,
  type Kernel,
  mayBeCalled,
  type PeerPrincipal,
  type RingablePhone,
} from '../../kernel/index.ts';
import type { CallPreferences } from './call-preferences.ts';
import type { CallMedia, DirectCall } from './contract.ts';
import type { Asking, DirectCalls } from './direct-calls.ts';
import type { Party } from './parties.ts';
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
  const { accountId } = callee;
  if (accountId === caller.accountId) {
    throw new CanopyError('PERSON_UNKNOWN', 'this is your own address');
  }
  const { callsFrom, doNotDisturb } = await preferences.of(accountId);
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
  check?.();
  demandOpen(kernel);
  limits.ring(caller.limitKey ?? caller.accountId, accountId);
  return calls.start(caller, { callId, callee, media, mayDisturb: !doNotDisturb, phones, callerNumber });
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
  caller: PeerPrincipal,
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
  demand(caller, 'number.call');
  const phone = await exchange.route(number, caller.accountId);
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
