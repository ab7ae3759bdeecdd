import type { Handlers } from '../sockets/index.ts';
import { authHandlers } from './auth.ts';
import { bridgeHandlers } from './bridge.ts';
import type { HandlerContext } from './context.ts';
import { gatewayHandlers } from './gateway.ts';
import { inviteHandlers } from './invites.ts';
import { mediaHandlers } from './media.ts';
import { moderationHandlers } from './moderation.ts';
import { roomHandlers } from './room.ts';

export { type HandlerContext, invitationUrl, type JoinStage } from './context.ts';

/** A handler for every request of the protocol. */
export function createHandlers(context: HandlerContext): Handlers {
  return {
    ...authHandlers(context),
    ...inviteHandlers(context),
    ...roomHandlers(context),
    ...mediaHandlers(context),
    ...moderationHandlers(context),
    ...bridgeHandlers(context),
    ...gatewayHandlers(context),
  };
}
