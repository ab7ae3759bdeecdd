import type { Kernel } from '../../kernel/index.ts';
import { INVITATION_REQUESTS } from './contract.ts';
import { registerEnrolRoute } from './enrol-route.ts';
import { invitationHandlers } from './invitation-handlers.ts';
import { registerInvitationRoutes } from './invitation-routes.ts';
import { invitationUrl } from './invitation-url.ts';
import { Invitations, START } from './invitations.ts';

export interface InvitationsFeature extends Pick<Invitations, 'create' | 'expireByLink' | 'forgetByLink'> {
  /** A one-time link for the first person, while nobody has enrolled. It invalidates the links of earlier starts. */
  first(): Promise<string | null>;
}

/** One-time invitations, and enrolment with them. */
export function registerInvitations(kernel: Kernel): InvitationsFeature {
  const invitations = new Invitations(kernel.store, Date.now, kernel.enrolling);
  kernel.requests(INVITATION_REQUESTS, invitationHandlers(kernel, invitations), {
    audited: ['invite.create', 'invite.redeem'],
  });
  registerInvitationRoutes(kernel, invitations);
  registerEnrolRoute(kernel, invitations);
  // Otherwise the owner of a revoked account could return with another one.
  kernel.accountRevoked.add((accountId) => invitations.expireFrom(accountId));
  kernel.accountBanned.add(({ accountId, roomId }) => invitations.expireFrom(accountId, roomId));
  kernel.accountDeleting.add((accountId) => invitations.forgetAccount(accountId));
  kernel.roomDeleted.add(({ db, roomId }) => invitations.forgetRoom(db, roomId));
  return {
    create: (invitation) => invitations.create(invitation),
    expireByLink: (linkId) => invitations.expireByLink(linkId),
    forgetByLink: (beforeMs) => invitations.forgetByLink(beforeMs),
    first: async () => {
      if (!(await invitations.isFirstStart())) {
        return null;
      }
      await invitations.expireFrom(START);
      const { secret } = await invitations.create({ role: 'admin', createdBy: START, ttlSeconds: 86_400 });
      return invitationUrl(kernel.publicUrl, secret, kernel.authority.fingerprint);
    },
  };
}
