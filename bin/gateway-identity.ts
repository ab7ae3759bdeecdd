import { join } from 'node:path';
import { CanopyError, type Config } from '../base/index.ts';
import { fileStore } from '../client/node/index.ts';
import {
  enrol,
  type Identity,
  type IdentityStore,
  loadIdentity,
  parseInvitation,
} from '../client/sdk/index.ts';
import { createInvitation } from '../signaling/index.ts';

/** At the start, a certificate that expires sooner than this is replaced, in milliseconds. */
const RENEW_MS = 30 * 86_400_000;

/**
 * The phone gateway's identity, with role `bridge`, kept in the data folder. If there is none yet, or with `renew`, it is created with an
 * invitation made directly in the folder's store.
 */
export async function gatewayIdentity(
  config: Config,
  serverUrl: string,
  { renew = false } = {},
): Promise<Identity> {
  const store = ownStore(join(config.data.dir, 'gateway-identity.json'));
  const kept = renew ? undefined : await loadIdentity(serverUrl, store);
  if (kept && kept.expiresAtMs - Date.now() > RENEW_MS) {
    return kept;
  }
  const link = await createInvitation(config, {
    role: 'bridge',
    displayName: 'Phones',
    ttlSeconds: 600,
    isGateway: true,
  });
  const invitation = parseInvitation(link);
  if (!invitation) {
    throw new CanopyError('INTERNAL', 'the invitation cannot be read');
  }
  return enrol({ serverUrl, store, ...invitation });
}

/** The origin under which the identity is stored: always the data folder's own server, whatever its current address. */
const ANY_ADDRESS = 'canopy:own-server';

function ownStore(file: string): IdentityStore {
  const store = fileStore(file);
  return {
    needsExtractableKeys: store.needsExtractableKeys,
    load: async (origin) => {
      const kept = await store.load(ANY_ADDRESS).catch((cause: Error) => {
        throw new CanopyError('CONFIG_INVALID', `data.dir: ${file} cannot be used: ${cause.message}`, {
          cause,
        });
      });
      return kept && { ...kept, origin };
    },
    save: (identity) => store.save({ ...identity, origin: ANY_ADDRESS }),
    remove: () => store.remove(ANY_ADDRESS),
  };
}
