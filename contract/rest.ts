/** Bodies of the REST API. */
import { z } from 'zod';
import {
  certificate,
  displayName,
  errorBody,
  invitationSecret,
  invitationTtlSeconds,
  role,
  roomId,
  sha256Hex,
} from './common.ts';
import { fromMediasoup } from './producers.ts';
import { signOnOffer } from './sign-on.ts';

/** Path parameters of requests about one room. */
export const roomParams = z.object({ roomId });

export const inviteRequest = z.object({
  role: role.default('member'),
  roomId: roomId.optional(),
  displayName: displayName.optional(),
  ttlSeconds: invitationTtlSeconds,
});

export const inviteResponse = z.object({
  secret: z.string(),
  /** The link to open in a browser. */
  url: z.string(),
  expiresAtMs: z.number(),
});

export const invitationQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Returns only invitations after this one in the list. For the next page: `invitationId` of the last one. */
  before: sha256Hex.optional(),
});
export const invitationParams = z.object({ invitationId: sha256Hex });
export const invitationInfo = z.object({
  /** Identifies the invitation without revealing its secret. */
  invitationId: sha256Hex,
  role,
  roomId: z.string().nullable(),
  displayName: z.string().nullable(),
  createdBy: z
    .string()
    .nullable()
    .describe(
      'The inviting account; `start`: created at the server’s first start; beginning with `sign-on`: created by a single sign-on; null: created by command line or API.',
    ),
  createdAtMs: z.number().describe('Unix time in milliseconds.'),
  expiresAtMs: z.number().describe('Unix time in milliseconds.'),
});
export const invitationList = z.object({ invitations: z.array(invitationInfo) });

export const enrolRequest = z.object({
  /** The secret of an unused invitation. */
  secret: invitationSecret,
  /** PKCS#10 request for the account's CA certificate, P-256, DER in base64. */
  csr: z.base64().max(4096),
  displayName: displayName.optional(),
});

export const enrolResponse = z.object({
  /** The account's certificate and its issuers up to the deployment CA. The client then issues the device's leaf. */
  chain: z.array(certificate),
  role,
  roomId: roomId.optional(),
  displayName,
  expiresAtMs: z.number(),
});

export const serverInfo = z.object({
  name: z.string(),
  version: z.string(),
  protocolVersion: z.number(),
  /**
   * How accounts get identities: by invitation, issued by the deployment CA; also from a company's PKI; or also, with `tofu`, by asking to
   * enter a room by its address.
   */
  identityPolicy: z.enum(['invite', 'pki', 'tofu']),
  /** The deployment CA, DER in base64. It signs accounts and the server's media keys. */
  deploymentCa: certificate,
  /**
   * The company's authorities (`identity.caBundle`), DER in base64: those above which there are no others. A device pins them when it
   * imports its certificate. Absent unless `authorities` was given and the policy is `pki`.
   */
  authorities: z.array(certificate).optional(),
  /** What rooms support, so that a client can prepare before it connects; absent unless `media` was given, and from older servers. */
  routerRtpCapabilities: fromMediasoup.optional(),
  /** Single sign-on, if people may use it instead of an invitation. */
  signOn: signOnOffer.optional(),
  /** Whether the `origin` in the query may connect; absent if none was given. */
  originAllowed: z.boolean().optional(),
  /** Whether pages of the `embedder` in the query may embed meetings; absent if none was given. */
  embedderAllowed: z.boolean().optional(),
});

/** A page passes its own origin, since browsers do not send it with this request. */
export const serverQuery = z.object({
  origin: z.string().max(300).optional(),
  embedder: z.string().max(300).optional(),
  /** Asks for routerRtpCapabilities. */
  media: z.literal('1').optional(),
  /** Asks for the company's authorities. */
  authorities: z.literal('1').optional(),
});

/** Body of every error response. */
export const errorResponse = z.object({ error: errorBody });

export type ErrorResponse = z.infer<typeof errorResponse>;
export type InviteRequest = z.input<typeof inviteRequest>;
export type InviteResponse = z.infer<typeof inviteResponse>;
export type InvitationInfo = z.infer<typeof invitationInfo>;
export type EnrolRequest = z.input<typeof enrolRequest>;
export type EnrolResponse = z.infer<typeof enrolResponse>;
export type ServerInfo = z.infer<typeof serverInfo>;
