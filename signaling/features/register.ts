import type { Kernel } from '../kernel/index.ts';
import { registerAccounts } from './accounts/index.ts';
import { registerAudit } from './audit/index.ts';
import { registerBans } from './bans/index.ts';
import { registerChat } from './chat/index.ts';
import { registerConference } from './conference/index.ts';
import { registerContacts } from './contacts/index.ts';
import { registerHands } from './hands/index.ts';
import { type InvitationsFeature, registerInvitations } from './invitations/index.ts';
import { registerLinks } from './links/index.ts';
import { registerModeration } from './moderation/index.ts';
import { registerMoveHere } from './move-here/index.ts';
import { registerNames } from './names/index.ts';
import { registerPaths } from './paths/index.ts';
import { registerPolls } from './polls/index.ts';
import { registerReactions } from './reactions/index.ts';
import { registerRooms } from './rooms/index.ts';
import { registerSpotlight } from './spotlight/index.ts';
import { registerTelephony } from './telephony/index.ts';
import { registerTokenRoutes } from './tokens/index.ts';

/** Registers all features with a kernel that does not listen yet. */
export function registerFeatures(kernel: Kernel): { invitations: InvitationsFeature } {
  registerConference(kernel);
  registerModeration(kernel);
  registerBans(kernel);
  registerHands(kernel);
  registerReactions(kernel);
  registerSpotlight(kernel);
  registerMoveHere(kernel);
  registerNames(kernel);
  registerChat(kernel);
  registerPolls(kernel);
  registerPaths(kernel);
  registerRooms(kernel);
  registerAccounts(kernel);
  registerContacts(kernel);
  registerTelephony(kernel);
  registerTokenRoutes(kernel);
  registerAudit(kernel);
  const invitations = registerInvitations(kernel);
  registerLinks(kernel, invitations);
  return { invitations };
}
