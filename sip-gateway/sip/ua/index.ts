/** The user agent: calls, registrar, registrations, trunks. */
export type { CallerIdentity, FailedLogin } from './admissions.ts';
export { type Binding, type BindingStore, MemoryBindings } from './bindings.ts';
export type { Call } from './call.ts';
export type { CallEnd, CallState, InfoDigit, Progress } from './call-types.ts';
export { IncomingCall } from './incoming-call.ts';
export type { OfferRequest } from './offer-request.ts';
export { type Answerer, OutgoingCall } from './outgoing-call.ts';
export { RateLimiter } from './rate-limiter.ts';
export type { ReferContent } from './read-refer.ts';
export { ANSWERED_ELSEWHERE, INTERRUPTED, reasonField } from './reason.ts';
export type { ReferNotifier } from './refer-notifier.ts';
export type { ReferRequest } from './refer-request.ts';
export type { Registrar, RegistrarOptions } from './registrar.ts';
export type {
  Registration,
  RegistrationOptions,
  RegistrationState,
  SavedRegistration,
} from './registration.ts';
export type { DnsLookups } from './resolve-targets.ts';
export type { RestoredCall } from './restored-call.ts';
export { type CallTarget, NoRouteError, TrunkFullError } from './routes.ts';
export { type SavedBinding, saveBinding } from './saved-binding.ts';
export type { SavedCall, SavedIncomingInvite } from './saved-call.ts';
export type { SavedInvite } from './saved-invite.ts';
export { SipStack } from './sip-stack.ts';
export type { InviteOptions, SipStackOptions } from './sip-stack-options.ts';
export { checkTrunk, type TrunkOptions } from './trunk.ts';
export type { ContactState } from './trunk-monitor.ts';
