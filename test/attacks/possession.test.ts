// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  type Identity,
  type IdentityStore,
  memoryStore,
  restoreFromBackup,
  type StoredIdentity,
} from '../../client/sdk/index.ts';
import { authStatement, dtlsStatement } from '../../contract/index.ts';
import { REQUESTS } from '../../signaling/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';

const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');

/** A store that gives tests access to the keys. */
function openStore(): { store: IdentityStore; kept: StoredIdentity[] } {
  const kept: StoredIdentity[] = [];
  const store = memoryStore();
  const save = async (identity: StoredIdentity) => {
    kept.push(identity);
    await store.save(identity);
  };
  return { store: { ...store, save }, kept };
}

async function signWith(key: CryptoKey | undefined, statement: Uint8Array<ArrayBuffer>): Promise<string> {
  assert.ok(key);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, statement);
  return Buffer.from(signature).toString('base64url');
}

describe('threat 2: proof of possession', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let ann: Identity;
  /** Another device of Ann's account. */
  let tablet: StoredIdentity | undefined;

  before(async () => {
    attacked = await AttackedServer.start();
    server = attacked.server;
    ann = await newIdentity(server);
    const { store, kept } = openStore();
    await restoreFromBackup({ backup: await ann.exportBackup('a password'), password: 'a password', store });
    [tablet] = kept;
  });
  after(async () => {
    await attacked.close();
  });

  /** Code of the server's refusal of a proof on a new connection, which must not be able to enter a room. */
  async function judge(
    make: (client: ProtocolClient) => Promise<Record<string, unknown>>,
    url = server.url,
  ): Promise<string> {
    const client = await ProtocolClient.open(url);
    const code = await client.refusal('auth.prove', await make(client));
    assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'AUTH_REQUIRED');
    client.close();
    return code;
  }

  it('a correct one is accepted, once per connection', async () => {
    const client = await ProtocolClient.open(server.url);
    const proof = await client.proof(ann);
    assert.equal((await client.get('auth.prove', proof)).deviceId, ann.deviceId);
    assert.equal(await client.refusal('auth.prove', proof), 'AUTH_DONE');
    assert.equal(
      await client.refusal('auth.prove', await client.proof(await newIdentity(server))),
      'AUTH_DONE',
    );
    client.close();
  });

  it('one from another connection is refused', async () => {
    const client = await ProtocolClient.open(server.url);
    const seen = await client.proof(ann);
    assert.equal(await judge(async () => seen), 'AUTH_BAD_NONCE');
    await client.get('auth.prove', seen);
    assert.equal(await judge(async () => seen), 'AUTH_BAD_NONCE');
    client.close();
  });

  it('a nonce is valid for one attempt: after a failure even the correct answer is refused', async () => {
    const client = await ProtocolClient.open(server.url);
    const proof = await client.proof(ann);
    const spoilt = { ...proof, timeMs: proof.timeMs + 1 };
    assert.equal(await client.refusal('auth.prove', spoilt), 'AUTH_BAD_SIGNATURE');
    assert.equal(await client.refusal('auth.prove', proof), 'AUTH_BAD_NONCE');
    client.close();
  });

  it('of two at the same time on a connection only one counts', async () => {
    const client = await ProtocolClient.open(server.url);
    const proof = await client.proof(ann);
    const answers = await Promise.all([client.ask('auth.prove', proof), client.ask('auth.prove', proof)]);
    assert.deepEqual(answers.map(({ ok }) => ok).sort(), [false, true]);
    client.close();
  });

  it('a nonce that the server never issued is refused', async () => {
    const nonce = randomBytes(32).toString('base64url');
    assert.equal(await judge((client) => client.proof(ann, { nonce })), 'AUTH_BAD_NONCE');
  });

  it('a man in the middle gains nothing from another server’s nonce or origin', async () => {
    const other = await TestServer.start();
    try {
      const there = await ProtocolClient.open(other.url);
      assert.equal(await judge((client) => client.proof(ann, { nonce: there.nonce })), 'AUTH_BAD_NONCE');
      // Ann dialled the other server, which forwards this server's nonce.
      const relayed = (client: ProtocolClient) =>
        client.proof(ann, { origin: there.origin, nonce: client.nonce });
      assert.equal(await judge(relayed), 'AUTH_BAD_ORIGIN');
      assert.equal(
        await judge(async (client) => ({ ...(await relayed(client)), origin: client.origin })),
        'AUTH_BAD_SIGNATURE',
      );
      there.close();
    } finally {
      await other.close();
    }
  });

  it('a time too far in the past or future is refused', async () => {
    for (const offSeconds of [-310, 310, -86_400, 1e9]) {
      const timeMs = Date.now() + offSeconds * 1000;
      assert.equal(await judge((client) => client.proof(ann, { timeMs })), 'AUTH_STALE');
    }
  });

  it('a signature by another device of the account, or by the account’s key, is refused', async () => {
    assert.ok(tablet);
    for (const key of [tablet.deviceKey, tablet.accountKey]) {
      const forged = async (client: ProtocolClient) => {
        const proof = await client.proof(ann);
        const statement = authStatement({ ...proof, deviceId: ann.deviceId });
        return { ...proof, signature: await signWith(key, statement) };
      };
      assert.equal(await judge(forged), 'AUTH_BAD_SIGNATURE');
    }
  });

  it('an invalid signature, or one for another purpose, is refused', async () => {
    const transportId = randomUUID();
    const others = ['AA', 'A'.repeat(86), await ann.bindDtls({ transportId, fingerprint: FINGERPRINT })];
    for (const signature of others) {
      assert.equal(
        await judge(async (client) => ({ ...(await client.proof(ann)), signature })),
        'AUTH_BAD_SIGNATURE',
      );
    }
  });

  it('without it every request is refused with AUTH_REQUIRED, but those of newcomers with a room link or a device code', async () => {
    const client = await ProtocolClient.open(server.url);
    const newcomers = [
      'auth.prove',
      'lobby.knock',
      'lobby.cancel',
      'device.request',
      'device.confirm',
      'device.cancel',
    ];
    for (const name of Object.keys(REQUESTS).filter((name) => !newcomers.includes(name))) {
      assert.equal(await client.refusal(name, {}), 'AUTH_REQUIRED', name);
    }
    // Without the secret of a link or a code they do nothing.
    assert.equal(await client.refusal('lobby.knock', {}), 'BAD_REQUEST');
    assert.equal(await client.refusal('lobby.knock', { roomId: 'team' }), 'AUTH_REQUIRED');
    await client.get('lobby.cancel', {});
    const exchangeId = 'A'.repeat(22);
    assert.equal(await client.refusal('device.request', { exchangeId }), 'BAD_REQUEST');
    const confirmation = 'A'.repeat(43);
    assert.equal(await client.refusal('device.confirm', { exchangeId, confirmation }), 'DEVICE_CODE_UNKNOWN');
    await client.get('device.cancel', { exchangeId });
    client.close();
  });

  it('threat 24: a DTLS fingerprint is accepted only if this device signed it for this transport', async () => {
    const client = await ProtocolClient.enter(server.url, ann);
    await client.get('room.join', { roomId: 'team' });
    const { transportId } = await client.get('transport.create', { direction: 'send' });
    const connect = (value: string, signature: string) =>
      client.refusal('transport.connect', {
        transportId,
        dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value }] },
        signature,
      });
    const right = await ann.bindDtls({ transportId, fingerprint: FINGERPRINT });
    const swapped = FINGERPRINT.replace('10:', 'FF:');
    const elsewhere = await ann.bindDtls({ transportId: randomUUID(), fingerprint: FINGERPRINT });
    const statement = dtlsStatement({ deviceId: ann.deviceId, transportId, fingerprint: FINGERPRINT });
    const byTablet = await signWith(tablet?.deviceKey, statement);
    const proof = await client.proof(ann);
    assert.equal(await connect(swapped, right), 'FINGERPRINT_UNSIGNED');
    assert.equal(await connect(FINGERPRINT, elsewhere), 'FINGERPRINT_UNSIGNED');
    assert.equal(await connect(FINGERPRINT, byTablet), 'FINGERPRINT_UNSIGNED');
    assert.equal(await connect(FINGERPRINT, proof.signature), 'FINGERPRINT_UNSIGNED');
    await client.get('transport.connect', {
      transportId,
      dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] },
      signature: right,
    });
    assert.equal(await connect(FINGERPRINT, right), 'TRANSPORT_CONNECTED');
    await client.get('room.leave', {});
    client.close();
  });
});
