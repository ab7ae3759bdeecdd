import assert from 'node:assert/strict';
import { loadConfig } from '../../base/index.ts';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import { createInvitation } from '../../signaling/index.ts';

/** Creates an identity in the same way as the phone gateway, from the server's data folder. Only such an identity may register. */
export async function newGatewayIdentity(
  server: { url: string; dataDir: string },
  storeUrl?: string,
): Promise<Identity> {
  const config = loadConfig({ env: {}, flags: { 'data.dir': server.dataDir, 'store.url': storeUrl } });
  const link = await createInvitation(config, {
    role: 'bridge',
    displayName: 'Phones',
    ttlSeconds: 600,
    isGateway: true,
  });
  const invitation = parseInvitation(link);
  assert.ok(invitation);
  return enrol({ serverUrl: server.url, ...invitation });
}
