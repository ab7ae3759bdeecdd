import { CanopyError, type Config } from '../base/index.ts';
import {
  Invitations,
  invitationUrl,
  LINKS_KEY,
  linkUrl,
  MIGRATIONS,
  type NewInvitation,
  RoomLinks,
} from './features/index.ts';
import { Authority } from './identity/index.ts';
import {
  AuditLog,
  defaultPublicUrl,
  isConfinedToRooms,
  keptSecret,
  rememberedServer,
  requireDataDir,
} from './kernel/index.ts';
import { openStore, type Store } from './store/index.ts';

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
  return withStore(config, async (store, caFingerprint) => {
    const { secret } = await new Invitations(store).create(invitation);
    const { role, roomId } = invitation;
    await recordAct(store, 'invite.create', { roomId, details: { role } });
    return invitationUrl(linkBase(config), secret, caFingerprint);
  });
}

/**
 * Creates a room link directly in the data folder, as createInvitation() does.
 *
 * @throws {CanopyError} LIMIT_REACHED - the room has too many links
 * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder
 */
export async function createRoomLink(
  config: Config,
  link: { roomId: string; ttlSeconds: number },
): Promise<string> {
  return withStore(config, async (store, caFingerprint) => {
    const key = keptSecret(config.data.dir, LINKS_KEY, () => undefined);
    const links = new RoomLinks({ store, key, guestsPerHour: config.limits.guestsPerLink });
    const { secret, linkId } = await links.create(link);
    await recordAct(store, 'link.create', { roomId: link.roomId, details: { linkId } });
    return linkUrl(linkBase(config), secret ?? '', caFingerprint);
  });
}

async function withStore<T>(
  config: Config,
  work: (store: Store, caFingerprint: string) => Promise<T>,
): Promise<T> {
  const { dir } = config.data;
  const { url } = config.store;
  requireDataDir(dir, url);
  const authority = await Authority.open({ dir, name: config.server.name });
  const store = await openStore(dir, { url, migrations: MIGRATIONS });
  try {
    return await work(store, authority.fingerprint);
  } finally {
    await store.close();
  }
}

/** Records in the audit log what the command line did. */
async function recordAct(
  store: Store,
  action: string,
  about: { roomId: string | undefined; details: Record<string, unknown> },
): Promise<void> {
  const audit = new AuditLog({ store });
  audit.record({ actor: { kind: 'operator', name: 'canopy invite' }, action, ...about });
  await audit.close();
}

function linkBase(config: Config): string {
  const { publicUrl, port } = config.server;
  return publicUrl ?? rememberedServer(config)?.publicUrl ?? defaultPublicUrl(port);
}
