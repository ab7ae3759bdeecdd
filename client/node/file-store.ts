import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { IdentityStore, StoredIdentity } from '../sdk/index.ts';

/** An identity as stored in the file: keys as JSON Web Keys (RFC 7517). */
type WrittenIdentity = Omit<StoredIdentity, 'deviceKey' | 'accountKey'> & {
  deviceKey: JsonWebKey;
  accountKey?: JsonWebKey;
};

/**
 * Stores identities in a JSON file that only its owner can read (mode 0600); a missing folder is created with mode 0700. It contains the
 * private keys: anyone who has the file can act as that person. Like ssh, refuses a file that others can read.
 */
export function fileStore(file: string): IdentityStore {
  let last: Promise<unknown> = Promise.resolve();
  /** Applies changes one at a time within this process; each is written completely or not at all. */
  const change = (edit: (identities: Map<string, WrittenIdentity>) => void): Promise<void> => {
    const changed = last.then(async () => {
      const identities = await readAll(file);
      edit(identities);
      await writeAll(file, identities);
    });
    last = changed.catch(() => undefined);
    return changed;
  };
  return {
    needsExtractableKeys: true,
    async load(origin) {
      await last;
      const written = (await readAll(file)).get(origin);
      return written && fromWritten(written);
    },
    async save(identity) {
      const written = await toWritten(identity);
      await change((identities) => identities.set(identity.origin, written));
    },
    remove: (origin) => change((identities) => identities.delete(origin)),
  };
}

async function readAll(file: string): Promise<Map<string, WrittenIdentity>> {
  let text: string;
  try {
    const handle = await open(file, 'r');
    try {
      const { mode } = await handle.stat();
      if ((mode & 0o077) !== 0) {
        throw new Error(`${file} contains private keys and is readable by others: chmod 600`);
      }
      text = await readFile(handle, 'utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return new Map();
    }
    throw error;
  }
  const { identities } = JSON.parse(text) as { identities: WrittenIdentity[] };
  return new Map(identities.map((identity) => [identity.origin, identity]));
}

async function writeAll(file: string, identities: Map<string, WrittenIdentity>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${randomUUID()}`;
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ version: 1, identities: [...identities.values()] })}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function toWritten({ deviceKey, accountKey, ...rest }: StoredIdentity): Promise<WrittenIdentity> {
  return {
    ...rest,
    deviceKey: await crypto.subtle.exportKey('jwk', deviceKey),
    ...(accountKey && { accountKey: await crypto.subtle.exportKey('jwk', accountKey) }),
  };
}

async function fromWritten({ deviceKey, accountKey, ...rest }: WrittenIdentity): Promise<StoredIdentity> {
  return {
    ...rest,
    deviceKey: await importKey(deviceKey),
    ...(accountKey && { accountKey: await importKey(accountKey) }),
  };
}

function importKey(jwk: JsonWebKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', jwk, algorithmOf(jwk), true, ['sign']);
}

function algorithmOf({ kty, crv = '' }: JsonWebKey): EcKeyImportParams | RsaHashedImportParams | Algorithm {
  switch (kty) {
    case 'EC':
      return { name: 'ECDSA', namedCurve: crv };
    case 'OKP':
      return { name: crv };
    default:
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  }
}
