import { CanopyError, type Config } from '../base/index.ts';
import { Invitations, invitationUrl, MIGRATIONS, type NewInvitation } from './features/index.ts';
import { Authority } from './identity/index.ts';
import { defaultPublicUrl, isConfinedToRooms, rememberedServer, requireDataDir } from './kernel/index.ts';
import { openStore } from './store/index.ts';

/**
 * Creates an invitation directly in the data folder. A server must have run there once, but need not be running. The link uses the
 * configured public URL or port, else those that the server last had.
 *
 * @throws {CanopyError} BAD_REQUEST - an invitation for a guest needs a room
 * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder
 */
export async function createInvitation(config: Config, invitation: NewInvitation): Promise<string> {
  if (isConfinedToRooms(invitation.role) && invitation.roomId === undefined) {
    throw new CanopyError('BAD_REQUEST', 'roomId: required for role guest');
  }
  const { dir } = config.data;
  const { url } = config.store;
  requireDataDir(dir, url);
  const authority = await Authority.open({ dir, name: config.server.name });
  const store = await openStore(dir, { url, migrations: MIGRATIONS });
  try {
    const { secret } = await new Invitations(store).create(invitation);
    return invitationUrl(linkBase(config), secret, authority.fingerprint);
  } finally {
    await store.close();
  }
}

function linkBase(config: Config): string {
  const { publicUrl, port } = config.server;
  return publicUrl ?? rememberedServer(config)?.publicUrl ?? defaultPublicUrl(port);
}
