import { z } from 'zod';
import { domain, issuer, list, scope, text } from './values.ts';

const settings = z.strictObject({
  issuer: issuer
    .optional()
    .describe(
      'Issuer of the OpenID Connect provider at which people may sign on, e.g. `https://id.example/realms/staff`. The provider must redirect to `server.publicUrl` with the path `/api/sign-on/callback`. Default: no sign-on.',
    ),
  clientId: text.optional().describe('Client id of this server at the provider.'),
  clientSecret: text
    .optional()
    .describe(
      'Client secret at the provider. Set it in the environment or the file rather than on the command line. Default: none, as for a public client.',
    ),
  clientSecretFile: text
    .optional()
    .describe('File with the client secret, instead of `oidc.clientSecret`. Read at start.'),
  scopes: list(scope)
    .default(['openid', 'profile', 'email'])
    .describe('Scopes to request, comma-separated; `openid` must be among them.'),
  label: text.max(64).default('single sign-on').describe('Name of the provider on the page’s button.'),
  nameClaim: text
    .default('name')
    .describe(
      'Claim with the person’s name. Without it: `name`, `preferred_username`, `email`. Inside an object, write the path with dots.',
    ),
  allowedDomains: list(domain)
    .default([])
    .describe(
      'Domains whose verified e-mail addresses may sign on, comma-separated, e.g. `example.com`. Default: everyone whom the provider lets in.',
    ),
  allowedClaim: text
    .optional()
    .describe(
      'Claim that decides who may sign on, e.g. `groups` or `realm_access.roles`; see `oidc.allowedValues`.',
    ),
  allowedValues: list(text)
    .default([])
    .describe('Values of `oidc.allowedClaim`, comma-separated, of which a person must have one.'),
  roleClaim: text
    .optional()
    .describe(
      'Claim that decides a person’s role when their account is made. Default: everyone gets `oidc.defaultRole`.',
    ),
  adminValues: list(text)
    .default([])
    .describe('Values of `oidc.roleClaim` that make an admin, comma-separated.'),
  memberValues: list(text).default([]).describe('Values of `oidc.roleClaim` that make a member.'),
  guestValues: list(text).default([]).describe('Values of `oidc.roleClaim` that make a guest.'),
  defaultRole: z
    .enum(['admin', 'member', 'guest'])
    .default('member')
    .describe('Role of people for whom `oidc.roleClaim` decides nothing.'),
});

/** Single sign-on by OpenID Connect. */
export const oidcSection = settings
  .superRefine((oidc, context) => {
    for (const message of contradictions(oidc)) {
      context.addIssue({ code: 'custom', message });
    }
  })
  .prefault({});

/** What contradicts itself, as sentences that name the keys. */
function contradictions(oidc: z.output<typeof settings>): string[] {
  const roleValues = [...oidc.adminValues, ...oidc.memberValues, ...oidc.guestValues];
  const rules: Array<[isBroken: boolean, message: string]> = [
    [
      (oidc.issuer === undefined) !== (oidc.clientId === undefined),
      'oidc.issuer and oidc.clientId go together: set both or neither',
    ],
    [
      oidc.clientSecret !== undefined && oidc.clientSecretFile !== undefined,
      'oidc.clientSecret and oidc.clientSecretFile exclude each other: set one',
    ],
    [!oidc.scopes.includes('openid'), 'oidc.scopes must contain openid'],
    [
      (oidc.allowedClaim === undefined) !== (oidc.allowedValues.length === 0),
      'oidc.allowedClaim and oidc.allowedValues go together: set both or neither',
    ],
    [
      (oidc.roleClaim === undefined) !== (roleValues.length === 0),
      'oidc.roleClaim requires oidc.adminValues, oidc.memberValues or oidc.guestValues, and they require it',
    ],
  ];
  return rules.flatMap(([isBroken, message]) => (isBroken ? [message] : []));
}
