import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../base/index.ts';
import {
  enrol,
  type Identity,
  type IdentityStore,
  loadIdentity,
  parseInvitation,
} from '../client/sdk/index.ts';
import { createInvitation } from '../signaling/index.ts';

/** A certificate that ends sooner is replaced at the start, in milliseconds. */
const RENEW_MILLISECONDS = 30 * 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };

/**
 * The phone gateway's own identity of role `bridge`, kept in the data folder for its owner alone. The first time, an invitation is made
 * in the store of that folder and used at once.
 */
export async function gatewayIdentity(config: Config, serverUrl: string): Promise<Identity> {
  const store = fileStore(join(config.data.dir, 'gateway-identity.json'));
  const kept = await loadIdentity(serverUrl, store);
  if (kept && kept.expiresAtMs - Date.now() > RENEW_MILLISECONDS) return kept;
  const link = await createInvitation(config, { role: 'bridge', displayName: 'Phones', ttlSeconds: 600 });
  return enrol({ serverUrl, store, ...parseInvitation(link), secret: parseInvitation(link)?.secret ?? '' });
}

/** Keeps one identity in a file, whatever the port that its server has this time. */
function fileStore(file: string): IdentityStore {
  return {
    needsExtractableKeys: true,
    async load(origin) {
      try {
        const { deviceKey, ...kept } = JSON.parse(await readFile(file, 'utf8'));
        const pkcs8 = Buffer.from(deviceKey, 'base64');
        return {
          ...kept,
          origin,
          deviceKey: await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    // The account key would be for further devices, of which a gateway has none.
    async save({ accountKey: _accountKey, deviceKey, ...identity }) {
      const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', deviceKey)).toString('base64');
      const draft = `${file}.new`;
      await writeFile(draft, JSON.stringify({ ...identity, deviceKey: pkcs8 }), { mode: 0o600 });
      await rename(draft, file);
    },
    remove: () => rm(file, { force: true }),
  };
}
