// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Identity, importIdentity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { AUTHORITY, CompanyPki } from '../support/openssl.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import type { TestServer } from '../support/server.ts';

describe('threat 7: lost sockets', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let ann: Identity;
  let bob: Identity;

  before(async () => {
    attacked = await AttackedServer.start();
    server = attacked.server;
    [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server)]);
  });
  after(() => attacked.close());

  it('a peer that returns keeps its id and objects, and others see it disconnect and return', async () => {
    const people = await Bystanders.start(server.url, ann, bob, 'team');
    const { peerId, participantId, send, recv, client } = people.ann;
    const audio = await people.ann.produce();
    await client.cut();
    const { client: other } = people.bob;
    await other.event(
      'participant.updated',
      ({ participant }) => participant.participantId === participantId && !participant.connected,
    );
    const again = await ProtocolClient.enter(server.url, ann);
    const joined = await again.get('room.join', { roomId: 'team', resume: { peerId } });
    assert.deepEqual([joined.resumed, joined.peerId, joined.participantId], [true, peerId, participantId]);
    assert.deepEqual(joined.own.transportIds.sort(), [send, recv].sort());
    assert.ok(joined.own.producerIds.includes(audio));
    assert.deepEqual([joined.own.producerIds.length, joined.own.consumerIds.length], [2, 1]);
    await other.event(
      'participant.updated',
      ({ participant }) => participant.participantId === participantId && participant.connected,
    );
    await again.get('producer.pause', { producerId: audio });
    await other.event('producer.paused', ({ producerId }) => producerId === audio);
    assert.equal(other.count('participant.left'), 0);
    for (const each of [again, other]) {
      await each.get('room.leave', {});
      each.close();
    }
  });

  it('a peer whose old socket seems alive (half open) takes the seat over from it', async () => {
    const seat = await Seat.take(server.url, ann, 'team');
    const again = await ProtocolClient.enter(server.url, ann);
    const joined = await again.get('room.join', { roomId: 'team', resume: { peerId: seat.peerId } });
    assert.equal(joined.resumed, true);
    assert.equal(await seat.client.ended(), 'SESSION_REPLACED');
    assert.equal(joined.participants.length, 1);
    await again.get('room.leave', {});
    again.close();
  });

  it('8 rooms of 25 whose sockets drop at once all get their seats back, and another room is not affected', async () => {
    const people = await Bystanders.start(server.url, ann, bob);
    // One device joins many rooms, because identities cost more than sockets.
    const crowd = await Promise.all(Array.from({ length: 25 }, () => newIdentity(server)));
    const sit = async (identity: Identity, roomId: string) => {
      const client = await ProtocolClient.enter(server.url, identity);
      const { peerId } = await client.get('room.join', { roomId });
      await client.get('transport.create', { direction: 'send' });
      return { client, identity, roomId, peerId };
    };
    const seats: Array<Awaited<ReturnType<typeof sit>>> = [];
    for (let room = 0; room < 8; room += 1) {
      seats.push(...(await Promise.all(crowd.map((identity) => sit(identity, `storm-${room}`)))));
    }
    await Promise.all(seats.map(({ client }) => client.cut()));
    const back = await Promise.all(
      seats.map(async ({ identity, roomId, peerId }) => {
        const client = await ProtocolClient.enter(server.url, identity);
        const joined = await client.get('room.join', { roomId, resume: { peerId } });
        return { client, resumed: joined.resumed && joined.peerId === peerId };
      }),
    );
    assert.equal(back.filter(({ resumed }) => resumed).length, 200);
    await people.goOn();
    assert.equal((await server.objects()).peersConnected, 202);
    await Promise.all(back.map(({ client }) => client.get('room.leave', {})));
    for (const { client } of back) {
      client.close();
    }
    await people.leave();
  });
});

describe('threat 7: a seat is kept only for a while', () => {
  it('a peer that returns too late gets a new, empty seat', async () => {
    const attacked = await AttackedServer.start({ env: { CANOPY_LIMITS_RESUME_SECONDS: '1' } });
    const { server } = attacked;
    const [ann, bob] = [await newIdentity(server), await newIdentity(server)];
    const seat = await Seat.take(server.url, ann, 'team');
    const watcher = await Seat.take(server.url, bob, 'team');
    await seat.produce();
    await seat.client.cut();
    await watcher.client.event('participant.left', ({ reason }) => reason === 'lost');
    const again = await ProtocolClient.enter(server.url, ann);
    const joined = await again.get('room.join', { roomId: 'team', resume: { peerId: seat.peerId } });
    assert.equal(joined.resumed, false);
    assert.notEqual(joined.peerId, seat.peerId);
    for (const each of [again, watcher.client]) {
      await each.get('room.leave', {});
      each.close();
    }
    await attacked.close();
  });
});

describe('threat 1: certificates that become invalid while in use', () => {
  it('soon end the connection and the seat if they expire or are on their company’s revocation list', async () => {
    const pki = new CompanyPki();
    await pki.issue({ name: 'Company root', extensions: AUTHORITY });
    for (const [name, days] of [
      ['ann', 30],
      ['bob', 30],
      ['eve', 15 / 86_400],
    ] as const) {
      await pki.issue({ name, issuer: 'Company root', days: [-1, days] });
    }
    const list = pki.file('current', 'crl');
    copyFileSync(await pki.revoke('Company root'), list);
    const attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: {
        CANOPY_IDENTITY_POLICY: 'pki',
        CANOPY_IDENTITY_CA_BUNDLE: pki.file('Company root', 'pem'),
        CANOPY_IDENTITY_CRL: list,
      },
    });
    const { server } = attacked;
    try {
      const [ann, bob, eve] = await Promise.all(
        ['ann', 'bob', 'eve'].map(async (name) => {
          const keys = { certificatePem: pki.pem(name), privateKeyPem: pki.key(name) };
          return Seat.take(server.url, await importIdentity({ serverUrl: server.url, ...keys }), 'team');
        }),
      );
      assert.ok(ann && bob && eve);
      copyFileSync(await pki.revoke('Company root', 'bob'), list);
      assert.equal(await bob.client.ended(), 'CERT_REVOKED');
      assert.equal(await eve.client.ended(), 'CERT_EXPIRED');
      for (const { participantId } of [bob, eve]) {
        await ann.client.event('participant.left', (left) => left.participantId === participantId);
      }
      assert.equal((await server.objects()).peersWaiting, 0);
      await ann.client.get('room.leave', {});
      ann.client.close();
    } finally {
      await attacked.close();
      pki.close();
    }
  });
});

describe('threat 7: a revoked device never returns', () => {
  it('by resuming, once it is on its company’s revocation list', async () => {
    const pki = new CompanyPki();
    await pki.issue({ name: 'Company root', extensions: AUTHORITY });
    await pki.issue({ name: 'ann', issuer: 'Company root' });
    const list = pki.file('current', 'crl');
    copyFileSync(await pki.revoke('Company root'), list);
    const attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: {
        CANOPY_IDENTITY_POLICY: 'pki',
        CANOPY_IDENTITY_CA_BUNDLE: pki.file('Company root', 'pem'),
        CANOPY_IDENTITY_CRL: list,
        CANOPY_LIMITS_RESUME_SECONDS: '2',
      },
    });
    const { server } = attacked;
    try {
      const ann = await importIdentity({
        serverUrl: server.url,
        certificatePem: pki.pem('ann'),
        privateKeyPem: pki.key('ann'),
      });
      const seat = await Seat.take(server.url, ann, 'team');
      copyFileSync(await pki.revoke('Company root', 'ann'), list);
      await seat.client.cut();
      // The server checks its files at most once per second.
      const deadlineMs = performance.now() + 4000;
      for (;;) {
        const again = await ProtocolClient.open(server.url);
        const answer = await again.ask('auth.prove', await again.proof(ann));
        if (!answer.ok) {
          assert.equal(answer.error.code, 'CERT_REVOKED');
          const resume = { roomId: 'team', resume: { peerId: seat.peerId } };
          assert.equal(await again.refusal('room.join', resume), 'AUTH_REQUIRED');
          again.close();
          break;
        }
        again.close();
        assert.ok(performance.now() < deadlineMs, 'the changed list counts');
      }
    } finally {
      await attacked.close();
      pki.close();
    }
  });
});
