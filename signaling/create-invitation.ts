import { CanopyError, type Config } from '../base/index.ts';
import { openDataDir } from './data-dir.ts';
import { invitationUrl } from './handlers/index.ts';
import { defaultPublicUrl } from './http/index.ts';
import { Authority } from './identity/index.ts';
import { Invitations, type NewInvitation, Store } from './store/index.ts';

/** Makes an invitation directly in the data folder: the server need not run. Returns the link. */
export async function createInvitation(config: Config, invitation: NewInvitation): Promise<string> {
  if (invitation.role === 'guest' && invitation.roomId === undefined) {
    throw new CanopyError('BAD_REQUEST', 'roomId: a guest is invited to a room');
  }
  const { dir } = config.data;
  openDataDir(dir);
  const authority = await Authority.open({ dir, name: config.server.name });
  const store = await Store.open(dir);
  try {
    const { secret } = await new Invitations(store).create(invitation);
    const publicUrl = config.server.publicUrl ?? defaultPublicUrl(config.server.port);
    return invitationUrl(publicUrl, secret, authority.fingerprint);
  } finally {
    await store.close();
  }
}
