import { CanopyError, type Config } from '../../../base/index.ts';
import { displayable } from '../../../contract/index.ts';
import type { PersonRole } from '../../kernel/index.ts';

/** What the provider says about a person; only `sub` is certain. */
export type Claims = { readonly sub: string } & Readonly<Record<string, unknown>>;

/** A person who may sign on. */
export interface SignedOn {
  subject: string;
  displayName: string;
  role: PersonRole;
}

/** Maximum length of a subject (OpenID Connect Core 1.0, section 2). */
const MAX_SUBJECT_LENGTH = 255;
/** Claims with a name, best first. */
const NAME_CLAIMS = ['name', 'preferred_username', 'email'];

type Settings = Pick<
  Config['oidc'],
  | 'nameClaim'
  | 'allowedDomains'
  | 'allowedClaim'
  | 'allowedValues'
  | 'roleClaim'
  | 'adminValues'
  | 'memberValues'
  | 'guestValues'
  | 'defaultRole'
>;

/** Decides by their claims whether a person may enter, and as what. @throws {CanopyError} SIGN_ON_DENIED, SIGN_ON_FAILED */
export function judgeClaims(claims: Claims, settings: Settings): SignedOn {
  const { sub: subject } = claims;
  if (!/^[\x20-\x7e]+$/.test(subject) || subject.length > MAX_SUBJECT_LENGTH) {
    throw new CanopyError('SIGN_ON_FAILED', 'the provider’s id of you is not 1 to 255 ASCII characters');
  }
  const { allowedDomains, allowedClaim, allowedValues } = settings;
  if (allowedDomains.length > 0 && !allowedDomains.includes(verifiedDomain(claims) ?? '')) {
    throw new CanopyError('SIGN_ON_DENIED', 'your e-mail address is of another domain, or not verified');
  }
  if (allowedClaim !== undefined && !valuesOf(claims, allowedClaim).some(isIn(allowedValues))) {
    throw new CanopyError('SIGN_ON_DENIED', 'you are not in a group that may enter');
  }
  const names = [settings.nameClaim, ...NAME_CLAIMS].flatMap((claim) => valuesOf(claims, claim));
  return {
    subject,
    displayName: names.map(displayable).find((name) => name !== '') ?? 'Guest',
    role: roleOf(claims, settings),
  };
}

function roleOf(claims: Claims, settings: Settings): PersonRole {
  const { roleClaim, adminValues, memberValues, guestValues, defaultRole } = settings;
  const values = roleClaim === undefined ? [] : valuesOf(claims, roleClaim);
  if (values.some(isIn(adminValues))) {
    return 'admin';
  }
  if (values.some(isIn(memberValues))) {
    return 'member';
  }
  return values.some(isIn(guestValues)) ? 'guest' : defaultRole;
}

function isIn(list: readonly string[]): (value: string) => boolean {
  return (value) => list.includes(value);
}

function verifiedDomain({ email, email_verified }: Claims): string | undefined {
  return typeof email === 'string' && email_verified === true
    ? email.slice(email.lastIndexOf('@') + 1).toLowerCase()
    : undefined;
}

/** The texts in a claim: it may be one, or a list. A name with dots leads into objects, unless a claim has this very name. */
function valuesOf(claims: Claims, name: string): string[] {
  const value = Object.hasOwn(claims, name)
    ? claims[name]
    : name.split('.').reduce<unknown>(memberOf, claims);
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
