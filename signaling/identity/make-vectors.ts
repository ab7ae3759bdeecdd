/**
 * Makes the test vectors of the signed statements: `node signaling/identity/make-vectors.ts` writes vectors.json. It reuses the keys in that
 * file, or creates new ones if there is none. ECDSA signatures differ each time, so implementations verify the vectors rather than
 * recreate them. The keys are public and must not be used for anything else.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  sign,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { authStatement, dtlsStatement, serverDtlsStatement } from '../../contract/index.ts';

export type KeyName = 'device' | 'otherDevice' | 'server' | 'p384' | 'rsa' | 'ed25519';
export type StatementName = 'auth' | 'dtls' | 'server-dtls';

export interface Vector {
  name: string;
  statement: StatementName;
  /** Fields of the statement as the verifier expects them. */
  fields: Record<string, string | number>;
  /** The statement's bytes for these fields, hex. */
  bytesHex: string;
  /** The key that the verifier checks against. */
  key: KeyName;
  /** Base64url. */
  signature: string;
  /** Whether the signature must be accepted. */
  valid: boolean;
}

export interface VectorFile {
  about: string;
  keys: Record<KeyName, { pkcs8: string; spki: string; deviceId: string }>;
  vectors: Vector[];
}

const ORIGIN = 'https://meet.example:8443';
const NONCE = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const TIME_MS = 1_800_000_000_000;
const TRANSPORT_ID = '7d444840-9dc0-4b11-9d4c-6f1a2b3c4d5e';
const FINGERPRINT = Array.from({ length: 32 }, (_, i) =>
  (i * 7 + 10).toString(16).padStart(2, '0').toUpperCase(),
).join(':');
const OTHER_FINGERPRINT = FINGERPRINT.replace(/^../, 'FF');
const WORKER_ID = 'worker-1';

/** Makes every vector with these keys (PKCS#8, base64). */
export function makeVectors(keys: Record<KeyName, string>): VectorFile {
  const named = Object.fromEntries(
    Object.entries(keys).map(([name, pkcs8]) => {
      const privateKey = createPrivateKey({
        key: Buffer.from(pkcs8, 'base64'),
        format: 'der',
        type: 'pkcs8',
      });
      const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
      const deviceId = createHash('sha256').update(spki).digest('hex');
      return [name, { privateKey, pkcs8, spki: spki.toString('base64'), deviceId }];
    }),
  ) as Record<KeyName, { privateKey: KeyObject; pkcs8: string; spki: string; deviceId: string }>;

  const vectors: Vector[] = [];
  const add = (name: string, statement: StatementName, key: KeyName, signature: Buffer, valid: boolean) => {
    const fields = fieldsOf(statement, named[key].deviceId);
    const bytesHex = Buffer.from(bytesOf(statement, fields)).toString('hex');
    vectors.push({
      name,
      statement,
      fields,
      bytesHex,
      key,
      signature: signature.toString('base64url'),
      valid,
    });
  };
  const signBytes = (key: KeyName, bytes: Uint8Array, encoding?: 'der') =>
    signWith(named[key].privateKey, bytes, encoding);

  const signers: Record<StatementName, KeyName[]> = {
    auth: ['device', 'p384', 'rsa', 'ed25519'],
    dtls: ['device', 'p384', 'rsa', 'ed25519'],
    'server-dtls': ['server'],
  };
  for (const [statement, keyNames] of Object.entries(signers) as [StatementName, KeyName[]][]) {
    for (const key of keyNames) {
      const right = bytesOf(statement, fieldsOf(statement, named[key].deviceId));
      add(`${statement} by ${key}`, statement, key, signBytes(key, right), true);
    }
    const [key = 'device'] = keyNames;
    const fields = fieldsOf(statement, named[key].deviceId);
    const right = bytesOf(statement, fields);
    const good = signBytes(key, right);
    const refuse = (why: string, signature: Buffer) =>
      add(`${statement}: ${why}`, statement, key, signature, false);
    for (const [field, value] of Object.entries(otherValues(statement, named.otherDevice.deviceId))) {
      refuse(
        `signed for another ${field}`,
        signBytes(key, bytesOf(statement, { ...fields, [field]: value })),
      );
    }
    const lines = Buffer.from(right).toString().split('\n');
    const [label = '', first = '', second = '', ...rest] = lines;
    refuse('two fields swapped', signBytes(key, Buffer.from([label, second, first, ...rest].join('\n'))));
    refuse(
      'signed with the next version’s label',
      signBytes(key, Buffer.from([label.replace(/1$/, '2'), first, second, ...rest].join('\n'))),
    );
    refuse('signed without a label', signBytes(key, Buffer.from([first, second, ...rest].join('\n'))));
    refuse('signed with a line feed at the end', signBytes(key, Buffer.from(`${lines.join('\n')}\n`)));
    refuse('signed with carriage returns', signBytes(key, Buffer.from(lines.join('\r\n'))));
    refuse('signed without the last field', signBytes(key, Buffer.from(lines.slice(0, -1).join('\n'))));
    for (const other of ['auth', 'dtls', 'server-dtls'] as const) {
      if (other !== statement) {
        refuse(
          `a signature over the ${other} statement`,
          signBytes(key, bytesOf(other, fieldsOf(other, named[key].deviceId))),
        );
      }
    }
    refuse('signed by another key', signBytes('otherDevice', right));
    refuse('DER encoding in place of raw r and s', signBytes(key, right, 'der'));
    refuse('signature truncated', good.subarray(0, -1));
    refuse('signature with a byte more', Buffer.concat([good, Buffer.of(0)]));
    refuse('signature with a changed bit', changeBit(good));
    refuse('r and s swapped', Buffer.concat([good.subarray(32), good.subarray(0, 32)]));
    refuse('all zeros', Buffer.alloc(64));
    refuse('empty signature', Buffer.alloc(0));
  }
  return {
    about:
      'Test vectors of Canopy’s signed statements, see docs/identity.md. The keys are published: never use them. Made by signaling/identity/make-vectors.ts.',
    keys: Object.fromEntries(
      Object.entries(named).map(([name, { pkcs8, spki, deviceId }]) => [name, { pkcs8, spki, deviceId }]),
    ) as VectorFile['keys'],
    vectors,
  };
}

/** The bytes of a statement with these fields. */
export function bytesOf(statement: StatementName, fields: Record<string, string | number>): Uint8Array {
  const make = { auth: authStatement, dtls: dtlsStatement, 'server-dtls': serverDtlsStatement }[statement];
  return make(fields as never);
}

function fieldsOf(statement: StatementName, deviceId: string): Record<string, string | number> {
  switch (statement) {
    case 'auth':
      return { origin: ORIGIN, nonce: NONCE, timeMs: TIME_MS, deviceId };
    case 'dtls':
      return { deviceId, transportId: TRANSPORT_ID, fingerprint: FINGERPRINT };
    case 'server-dtls':
      return { workerId: WORKER_ID, fingerprint: FINGERPRINT, timeMs: TIME_MS };
  }
}

/** For each field, a value that an attacker would want accepted. */
function otherValues(statement: StatementName, otherDeviceId: string): Record<string, string | number> {
  switch (statement) {
    case 'auth':
      return {
        origin: 'https://evil.example',
        nonce: NONCE.replace(/^A/, 'B'),
        timeMs: TIME_MS + 1,
        deviceId: otherDeviceId,
      };
    case 'dtls':
      return {
        deviceId: otherDeviceId,
        transportId: TRANSPORT_ID.replace(/^7/, '8'),
        fingerprint: OTHER_FINGERPRINT,
      };
    case 'server-dtls':
      return { workerId: 'worker-2', fingerprint: OTHER_FINGERPRINT, timeMs: TIME_MS + 1 };
  }
}

function signWith(key: KeyObject, bytes: Uint8Array, encoding?: 'der'): Buffer {
  const p384 = key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  const hash = key.asymmetricKeyType === 'ed25519' ? null : p384 ? 'sha384' : 'sha256';
  return sign(hash, bytes, { key, dsaEncoding: encoding ?? 'ieee-p1363' });
}

function changeBit(signature: Buffer): Buffer {
  const changed = Buffer.from(signature);
  changed[40] = (changed[40] ?? 0) ^ 1;
  return changed;
}

function newKeys(): Record<KeyName, string> {
  const text = ({ privateKey }: KeyPairKeyObjectResult) =>
    privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  const ec = (namedCurve: string) => text(generateKeyPairSync('ec', { namedCurve }));
  return {
    device: ec('P-256'),
    otherDevice: ec('P-256'),
    server: ec('P-256'),
    p384: ec('P-384'),
    rsa: text(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    ed25519: text(generateKeyPairSync('ed25519')),
  };
}

/** The keys of a vector file (PKCS#8, base64). */
export function keysOf({ keys }: VectorFile): Record<KeyName, string> {
  return Object.fromEntries(Object.entries(keys).map(([name, { pkcs8 }]) => [name, pkcs8])) as Record<
    KeyName,
    string
  >;
}

if (import.meta.main) {
  const file = new URL('vectors.json', import.meta.url);
  const keys = existsSync(file) ? keysOf(JSON.parse(readFileSync(file, 'utf8')) as VectorFile) : newKeys();
  writeFileSync(file, `${JSON.stringify(makeVectors(keys), null, 2)}\n`);
}
