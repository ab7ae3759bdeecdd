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

/** A certificate that ends sooner is replaced at the start, in milliseconds. */
const RENEW_MS = 30 * 86_400_000;

/**
 * The phone gateway's own identity of role `bridge`, kept in the data folder for its owner alone. The first time, or to replace the one
 * that is kept (`anew`), an invitation is made in the store of that folder and used at once.
 */
export async function gatewayIdentity(
  config: Config,
  serverUrl: string,
  { anew = false } = {},
): Promise<Identity> {
  const store = ownStore(join(config.data.dir, 'gateway-identity.json'));
  const kept = anew ? undefined : await loadIdentity(serverUrl, store);
  if (kept && kept.expiresAtMs - Date.now() > RENEW_MS) return kept;
  const link = await createInvitation(config, {
    role: 'bridge',
    displayName: 'Phones',
    ttlSeconds: 600,
    isGateway: true,
  });
  const invitation = parseInvitation(link);
  if (!invitation) throw new CanopyError('INTERNAL', 'the invitation cannot be read');
  return enrol({ serverUrl, store, ...invitation });
}

/** The one server of the data folder, whatever address it has this time. */
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
