import type {
  SignedOnRequest,
  SignedOnResponse,
  SignOnOffer,
  SignOnRequest,
  SignOnStart,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { callApi, enrol, type ServerOptions, serverInfo } from './enrol.ts';
import type { Identity } from './identity.ts';

/** How people can sign on at this server; undefined if they cannot. @throws {CanopyError} ORIGIN_NOT_ALLOWED, CONNECTION_LOST */
export async function signOnOffer(options: ServerOptions): Promise<SignOnOffer | undefined> {
  return (await serverInfo(options)).signOn;
}

/**
 * Begins a single sign-on in this browser. Returns the address of the provider's page, which leads back to this page with the fragment
 * `#/signed-on`, or `#/signed-on/CODE` after a failure.
 *
 * @param to the fragment to go to afterwards: of a room or a room link
 * @throws {CanopyError} SIGN_ON_UNAVAILABLE, ORIGIN_NOT_ALLOWED, RATE_LIMITED, SERVER_BUSY, CONNECTION_LOST
 */
export async function beginSignOn(options: ServerOptions, to?: string): Promise<string> {
  const request: SignOnRequest = { ...(to !== undefined && { to }) };
  return (await callApi<SignOnStart>(options, '/api/sign-on', request)).url;
}

/** What a sign-on led to: an identity in this browser, or else the account that the person already has. */
export interface SignedOn {
  /** The person's name at the provider. */
  displayName: string;
  /** As passed to beginSignOn(). */
  to: string | undefined;
  identity: Identity | undefined;
  known: SignedOnResponse['known'];
}

/**
 * Ends a single sign-on in this browser: enrols it, unless the person already has an account.
 *
 * @param replace whether to make a new account in that case too: it takes over the earlier one's rooms, and its devices are revoked
 * @throws {CanopyError} SIGN_ON_EXPIRED, SIGN_ON_DENIED, LIMIT_REACHED; and as enrol()
 */
export async function finishSignOn(options: ServerOptions & { replace?: boolean }): Promise<SignedOn> {
  const request: SignedOnRequest = { replace: options.replace ?? false };
  const { displayName, to, secret, known } = await callApi<SignedOnResponse>(
    options,
    '/api/sign-on/finish',
    request,
  );
  if (secret === undefined && known === undefined) {
    throw new CanopyError('SIGN_ON_FAILED');
  }
  const identity = secret === undefined ? undefined : await enrol({ ...options, secret, displayName });
  return { displayName, to, identity, known };
}
