import { type OutgoingTarget, outgoingTarget } from '../dial/index.ts';
import type { CallHost } from './phone-call.ts';

/**
 * The route to what was dialled, by the dial plan; undefined if no rule permits it. A GRUU of one of our phones (RFC 5627) calls only that
 * phone, and not the others of its user.
 */
export function routeTo(
  { stack, config }: Pick<CallHost, 'stack' | 'config'>,
  dialled: string,
): OutgoingTarget | undefined {
  const phone = stack.registrar.phoneNamed(dialled);
  const route = outgoingTarget(config(), phone?.user ?? dialled);
  return phone && route && 'user' in route.target
    ? { ...route, target: { ...route.target, instance: phone.instance } }
    : route;
}
