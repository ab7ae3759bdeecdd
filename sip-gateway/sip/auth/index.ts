/** Digest authentication, as server and as client. */
export type { DigestAlgorithm } from './digest.ts';
export { ChallengeRefused, type Credentials, DigestClient } from './digest-client.ts';
export {
  DigestServer,
  type DigestServerOptions,
  type DigestVerdict,
  type PasswordLookup,
} from './digest-server.ts';
export type { LockScope, LoginGuardOptions } from './login-guard.ts';
