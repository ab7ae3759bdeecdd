import { setTimeout as delay } from 'node:timers/promises';
import { enrol, type IdentityStore, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import { makeInvitation, type ServerUnderTest } from '../generator/index.ts';
import type { PreparedPerson } from './prepared-person.ts';

/** How many people are enrolled concurrently. */
const CONCURRENCY = 8;

/**
 * Enrols people as the SDK does: an invitation over REST, an account and a device for each. Waits if the server limits enrolments per
 * address; a server that trusts X-Forwarded-For sees a different address for each person.
 */
export async function preparePeople(server: ServerUnderTest, people: number): Promise<PreparedPerson[]> {
  const prepared: PreparedPerson[] = [];
  const indices = Array.from({ length: people }, (_, index) => index).values();
  const lane = async () => {
    for (const index of indices) {
      prepared[index] = await preparePerson(server, index);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return prepared;
}

async function preparePerson(server: ServerUnderTest, index: number): Promise<PreparedPerson> {
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const patientFetch: typeof fetch = async (url, init) => {
    for (;;) {
      const headers = { ...init?.headers, 'x-forwarded-for': address };
      const response = await fetch(url, { ...init, headers });
      if (response.status !== 429) {
        return response;
      }
      await response.body?.cancel();
      await delay(Number(response.headers.get('retry-after') ?? 1) * 1000);
    }
  };
  const invitation = parseInvitation(await makeInvitation(server, patientFetch));
  if (!invitation) {
    throw new Error('the invitation is not a link');
  }
  let key: CryptoKey | undefined;
  const store: IdentityStore = {
    ...memoryStore(),
    needsExtractableKeys: true,
    save: async ({ deviceKey }) => {
      key = deviceKey;
    },
  };
  const { deviceId, chain } = await enrol({
    serverUrl: server.url,
    ...invitation,
    displayName: `Visitor ${index}`,
    store,
    fetch: patientFetch,
  });
  if (!key) {
    throw new Error('the identity was not stored');
  }
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key);
  return { deviceId, chain: [...chain], privateKey: Buffer.from(pkcs8).toString('base64'), address };
}
