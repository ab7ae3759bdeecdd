import { enrol, type Identity, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import { makeInvitation, type ServerUnderTest } from '../generator/index.ts';

/** New people with a device each. */
export async function newIdentities(server: ServerUnderTest, count: number): Promise<Identity[]> {
  const identities: Identity[] = [];
  while (identities.length < count) {
    const invitation = parseInvitation(await makeInvitation(server));
    if (!invitation) {
      throw new TypeError('not an invitation');
    }
    const displayName = `Person ${identities.length + 1}`;
    identities.push(await enrol({ ...invitation, serverUrl: server.url, displayName, store: memoryStore() }));
  }
  return identities;
}
