import { createPublicKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { CanopyError } from '../../base/index.ts';
import type { CallerVerification, StirShaken } from '../../contract/index.ts';
import { AnchorSet, type Certificate, DerError, validateChain } from '../../contract/x509/index.ts';
import { Certificates, certificatesIn, isPermitted } from './certificates.ts';
import { type Passport, readPassport } from './passport.ts';
import { readVerstat } from './read-verstat.ts';
import { StirError } from './stir-error.ts';
import { covers, readTnAuthList } from './tn-auth-list.ts';

/** How old a signature may be, and how far ahead its clock, in milliseconds (RFC 8224 §4.1). */
const MAX_AGE_MS = 60_000;

/** What an INVITE says about its caller. Numbers are digits with the country code, without `+`. */
export interface ClaimedCaller {
  /** Values of Identity. */
  readonly identity: readonly string[];
  /** Values of P-Asserted-Identity, then of From. */
  readonly names: readonly string[];
  /** The number that is shown; undefined if it has no such form. */
  readonly caller: string | undefined;
  /** The numbers that it was sent to: To and the Request-URI. */
  readonly called: readonly string[];
}

export interface CallerVerdict {
  /** Undefined: nothing is known about the number. */
  readonly verification?: CallerVerification;
  /** Set if the call is to be refused. */
  readonly refusal?: { readonly status: number; readonly reason: string };
}

/** Verifies the numbers of callers as a trunk's settings say (RFC 8224 §6.2, RFC 8588). */
export class CallerVerifier {
  readonly #certificates = new Certificates();

  /** Never rejects. */
  async verify(call: ClaimedCaller, settings: StirShaken, nowMs = Date.now()): Promise<CallerVerdict> {
    const { trustVerstat, required, certificateHosts } = settings;
    const ofTrunk = trustVerstat ? readVerstat(call.names) : undefined;
    let passport: Passport | undefined;
    try {
      passport = readPassport(call.identity);
      if (passport && isPermitted(passport.url, certificateHosts)) {
        await this.#check(passport, call, settings, nowMs);
        const { attest: attestation, origid: origId } = passport.claims;
        return { verification: { result: 'passed', by: 'canopy', attestation, origId } };
      }
      if (ofTrunk) {
        return verdictOf(ofTrunk, required);
      }
      if (!passport) {
        throw new StirError(428, 'the call has no signature');
      }
      throw new StirError(436, 'its certificate may not be fetched (certificateHosts)');
    } catch (error) {
      const { status, phrase, message } = asStirError(error);
      const refusal = required ? { refusal: { status, reason: phrase } } : {};
      if (status === 428) {
        return refusal;
      }
      // Without its certificate, nobody can tell.
      const isUnchecked = status === 436 && passport !== undefined;
      return {
        verification: {
          ...(isUnchecked
            ? { result: 'unverified', attestation: passport?.claims.attest }
            : { result: 'failed' }),
          by: 'canopy',
          reason: message,
        },
        ...refusal,
      };
    }
  }

  /** @throws {StirError} */
  async #check(passport: Passport, call: ClaimedCaller, settings: StirShaken, nowMs: number): Promise<void> {
    const { iat, orig, dest } = passport.claims;
    if (Math.abs(nowMs - iat * 1000) > MAX_AGE_MS) {
      throw new StirError(403, `it was signed ${Math.round(nowMs / 1000 - iat)} s ago`);
    }
    if (orig.tn !== call.caller) {
      throw new StirError(438, 'it is for another caller');
    }
    if (!dest.tn.some((number) => call.called.includes(number))) {
      throw new StirError(438, 'it is for another number called');
    }
    const chain = await this.#certificates.get(passport.url, settings.certificateHosts);
    const leaf = await trustedLeaf(chain, settings.trustedCa, nowMs);
    const list = readTnAuthList(leaf.der);
    if (!list || !covers(list, orig.tn)) {
      throw new StirError(437, 'the certificate is not for this number');
    }
    try {
      const key = createPublicKey({ key: Buffer.from(leaf.spki), format: 'der', type: 'spki' });
      await compactVerify(passport.token, key, { algorithms: ['ES256'] });
    } catch (cause) {
      throw new StirError(438, 'the signature is wrong', { cause });
    }
  }
}

async function trustedLeaf(
  chain: readonly Certificate[],
  trustedCa: string | undefined,
  atMs: number,
): Promise<Certificate> {
  const anchors = new AnchorSet(trustedCa === undefined ? [] : certificatesIn(trustedCa));
  // A server may send the root, too.
  const presented = chain.filter((certificate, index) => index === 0 || !anchors.has(certificate));
  const [leaf] = await validateChain(presented, anchors, { atMs });
  return leaf;
}

function verdictOf(verification: CallerVerification, required: boolean): CallerVerdict {
  const isRefused = required && verification.result !== 'passed';
  return {
    verification,
    ...(isRefused && { refusal: { status: 438, reason: new StirError(438, '').phrase } }),
  };
}

function asStirError(error: unknown): StirError {
  if (error instanceof StirError) {
    return error;
  }
  const detail =
    error instanceof CanopyError || error instanceof DerError ? error.message : 'it cannot be read';
  return new StirError(437, `the certificate is not trusted: ${detail}`.slice(0, 200), { cause: error });
}
