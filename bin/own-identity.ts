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
import { isGatewayAccount, parseCertificate } from '../contract/x509/index.ts';

/** At the start, a certificate that expires sooner than this is replaced, in milliseconds. */
const RENEW_MS = 30 * 86_400_000;

/** A program of the server's own: its file in the data folder, and what its certificate says. */
interface Program {
  file: string;
  displayName: string;
  isGateway: boolean;
}

const GATEWAY: Program = { file: 'gateway-identity.json', displayName: 'Phones', isGateway: true };
const BROADCASTER: Program = { file: 'broadcaster-identity.json', displayName: 'Live', isGateway: false };
const CAPTIONER: Program = { file: 'captioner-identity.json', displayName: 'Captions', isGateway: false };
const RECORDER: Program = { file: 'recorder-identity.json', displayName: 'Recorder', isGateway: false };

/** The phone gateway's identity. @param options `renew`: replaces the one that there is */
export function gatewayIdentity(
  config: Config,
  serverUrl: string,
  options?: { renew: boolean },
): Promise<Identity> {
  return ownIdentity(GATEWAY, config, serverUrl, options);
}

/** The captioner's identity. @param options `renew`: replaces the one that there is */
export function captionerIdentity(
  config: Config,
  serverUrl: string,
  options?: { renew: boolean },
): Promise<Identity> {
  return ownIdentity(CAPTIONER, config, serverUrl, options);
}

/** The broadcaster's identity. @param options `renew`: replaces the one that there is */
export function broadcasterIdentity(
  config: Config,
  serverUrl: string,
  options?: { renew: boolean },
): Promise<Identity> {
  return ownIdentity(BROADCASTER, config, serverUrl, options);
}

/** The recorder's identity. @param options `renew`: replaces the one that there is */
export function recorderIdentity(
  config: Config,
  serverUrl: string,
  options?: { renew: boolean },
): Promise<Identity> {
  return ownIdentity(RECORDER, config, serverUrl, options);
}

/**
 * An identity with role `bridge`, kept in the data folder. If there is none yet, or with `renew`, it is created with an invitation made
 * directly in the folder's store.
 */
async function ownIdentity(
  { file, displayName, isGateway }: Program,
  config: Config,
  serverUrl: string,
  { renew = false } = {},
): Promise<Identity> {
  const store = ownStore(join(config.data.dir, file));
  const kept = renew ? undefined : await loadIdentity(serverUrl, store);
  // Gateways of earlier versions have certificates that do not say what they are.
  const isMarked = kept?.chain
    .slice(1)
    .some((der) => isGatewayAccount(parseCertificate(Buffer.from(der, 'base64'))));
  if (kept && kept.expiresAtMs - Date.now() > RENEW_MS && isMarked === isGateway) {
    return kept;
  }
  // Only here: the programs need nothing else of it, and it takes 70 MB and half a second.
  const { createInvitation } = await import('../signaling/index.ts');
  const link = await createInvitation(config, { role: 'bridge', displayName, ttlSeconds: 600, isGateway });
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
