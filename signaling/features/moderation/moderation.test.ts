import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import type { SnapshotPart } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { Seat } from '../../../test/support/raw-call.ts';
import { opus, simulcast } from '../../../test/support/rtp-parameters.ts';

type Moderation = SnapshotPart<'moderation'>;

describe('muting and stopping others', () => {
  let server: InProcessServer;
  let owner: Identity;
  let admin: Identity;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start();
    [owner, admin] = await Promise.all([
      newIdentity(server, { displayName: 'Olga' }),
      newIdentity(server, { role: 'admin', displayName: 'Ada' }),
    ]);
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const take = (identity: Identity) => Seat.take(server.url, identity, roomId);
  const guest = () => newIdentity(server, { role: 'guest', roomId, displayName: 'Gus' });
  /** A room with its owner and a guest. */
  const begin = async () => {
    const olga = await take(owner);
    const identity = await guest();
    return { olga, gus: await take(identity), identity };
  };
  const close = (...seats: Array<Pick<Seat, 'client'>>) => {
    for (const { client } of seats) {
      client.close();
    }
  };
  /** What a newcomer sees. */
  const seen = async (): Promise<Moderation> => {
    const client = await ProtocolClient.enter(server.url, admin);
    const { parts } = await client.get('room.join', { roomId });
    await client.get('room.leave', {});
    client.close();
    return parts.moderation;
  };
  const restrained = (
    { client }: Pick<Seat, 'client'>,
    participantId: string,
    muted: boolean,
    denied: string[],
  ) =>
    client.event(
      'participant.restrained',
      (event) =>
        event.participantId === participantId &&
        event.muted === muted &&
        event.denied.join() === denied.join(),
    );
  const worker = async () => (await server.sfu.workers())[0]?.pid ?? 0;

  it('everyone sees who was muted by a moderator, until they unmute themselves', async () => {
    const { olga, gus } = await begin();
    const producerId = await gus.produce();
    const { participantId } = gus;
    await olga.client.get('participant.mute', { participantId, muted: true });
    const { by } = await restrained(gus, participantId, true, []);
    assert.equal(by, olga.participantId);
    await gus.client.event('participant.action', ({ action }) => action === 'mute');
    assert.deepEqual(await seen(), {
      entryRule: 'free',
      restraints: [{ participantId, muted: true, denied: [] }],
    });
    await gus.client.get('producer.resume', { producerId });
    await restrained(olga, participantId, false, []);
    assert.deepEqual((await seen()).restraints, []);
    // Muting themselves is something else.
    await gus.client.get('producer.pause', { producerId });
    await olga.client.get('participant.mute', { participantId, muted: true });
    assert.deepEqual((await seen()).restraints, []);
    close(olga, gus);
  });

  it('who may not unmute asks to speak, and is asked to unmute', async () => {
    const { olga, gus } = await begin();
    const producerId = await gus.produce();
    const { participantId } = gus;
    await olga.client.get('participant.mute', { participantId, muted: true, deny: true });
    await restrained(olga, participantId, true, ['microphone']);
    assert.equal(await gus.client.refusal('producer.resume', { producerId }), 'STOPPED_BY_MODERATOR');
    await gus.client.get('hand.raise', {});
    await olga.client.get('participant.ask', { participantId, source: 'microphone' });
    const asked = await gus.client.event('participant.asked');
    assert.deepEqual(asked, { participantId, source: 'microphone', by: olga.participantId });
    await gus.client.get('producer.resume', { producerId });
    await restrained(olga, participantId, false, []);
    close(olga, gus);
  });

  it('a microphone that may not be on starts paused, and can be unmuted once that is allowed', async () => {
    const { olga, gus } = await begin();
    const { participantId } = gus;
    await olga.client.get('participant.mute', { participantId, muted: true, deny: true });
    const producerId = await gus.produce();
    await olga.client.event('producer.added', ({ producer }) => producer.paused);
    await gus.client.event('participant.action', ({ action, by }) => action === 'mute' && by === null);
    await olga.client.get('participant.ask', { participantId, source: 'microphone' });
    await gus.client.get('producer.resume', { producerId });
    close(olga, gus);
  });

  it('threat 5: neither leaving nor another device lets somebody speak who may not', async () => {
    const { olga, gus, identity } = await begin();
    await olga.client.get('participant.mute', { participantId: gus.participantId, muted: true, deny: true });
    await gus.client.get('room.leave', {});
    gus.client.close();
    const again = await take(identity);
    await restrained(olga, again.participantId, false, ['microphone']);
    const producerId = await again.produce();
    assert.equal(await again.client.refusal('producer.resume', { producerId }), 'STOPPED_BY_MODERATOR');
    close(olga, again);
  });

  it('threat 5: somebody who may not unmute stays muted even if the worker is just resuming or creating', async () => {
    const { olga, gus } = await begin();
    const { participantId } = gus;
    const producerId = await gus.produce();
    await gus.client.get('producer.pause', { producerId });
    const camera = {
      transportId: gus.send,
      kind: 'video',
      source: 'camera',
      rtpParameters: { ...simulcast(), mid: '1' },
    };
    const pid = await worker();
    process.kill(pid, 'SIGSTOP');
    try {
      const resuming = gus.client.ask('producer.resume', { producerId });
      const producing = gus.client.ask('producer.create', camera);
      // Requests of a connection are begun in their order.
      await gus.client.get('session.ping', {});
      const muting = olga.client.get('participant.mute', { participantId, muted: true, deny: true });
      const stopping = olga.client.get('participant.stopVideo', {
        participantId,
        source: 'camera',
        deny: true,
      });
      await restrained(olga, participantId, false, ['microphone', 'camera']);
      process.kill(pid, 'SIGCONT');
      const resumed = await resuming;
      assert.equal(resumed.ok || resumed.error.code, 'STOPPED_BY_MODERATOR');
      assert.ok((await producing).ok);
      await gus.client.event('participant.action', ({ action }) => action === 'stop-camera');
      await Promise.all([muting, stopping]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const ada = await ProtocolClient.enter(server.url, admin);
    const { producers } = await ada.get('room.join', { roomId });
    assert.deepEqual(
      producers.map(({ source, paused }) => [source, paused]),
      [
        ['microphone', true],
        ['camera', true],
      ],
    );
    close(olga, gus, { client: ada });
  });

  it('mutes everyone but the moderator, or but moderators; and those who come later until all may unmute', async () => {
    const { olga, gus } = await begin();
    const max = await take(await newIdentity(server, { displayName: 'Max' }));
    const [ours, theirs, guests] = [await olga.produce(), await max.produce(), await gus.produce()];
    const paused = (producerId: string) =>
      olga.client.event('producer.paused', (on) => on.producerId === producerId);
    await olga.client.get('participant.muteAll', { except: 'moderators' });
    await paused(guests);
    assert.equal(olga.client.count('producer.paused'), 1);
    await olga.client.get('participant.muteAll', { except: 'me', onEntry: true, deny: true });
    await paused(theirs);
    assert.equal(
      olga.client.count('producer.paused', ({ producerId }) => producerId === ours),
      0,
    );
    // Moderators are muted, but free to unmute.
    await max.client.get('producer.resume', { producerId: theirs });
    assert.equal(await gus.client.refusal('producer.resume', { producerId: guests }), 'STOPPED_BY_MODERATOR');
    const late = await take(await guest());
    assert.equal((await seen()).entryRule, 'denied');
    await restrained(olga, late.participantId, true, ['microphone']);
    const producerId = await late.produce();
    assert.equal(await late.client.refusal('producer.resume', { producerId }), 'STOPPED_BY_MODERATOR');

    await olga.client.get('participant.allowAll', {});
    await restrained(olga, late.participantId, true, []);
    await late.client.event('room.entryRule', ({ rule }) => rule === 'free');
    await late.client.get('producer.resume', { producerId });
    await gus.client.get('producer.resume', { producerId: guests });
    assert.deepEqual(await seen(), { entryRule: 'free', restraints: [] });
    close(olga, gus, max, late);
  });

  it('stops a camera and a screen; they may be started again, unless that was denied', async () => {
    const { olga, gus } = await begin();
    const { participantId } = gus;
    const producerId = await gus.produce('video');
    await olga.client.get('participant.stopVideo', { participantId, source: 'camera' });
    await olga.client.event('producer.paused', (on) => on.producerId === producerId);
    await gus.client.event('participant.action', ({ action }) => action === 'stop-camera');
    await gus.client.get('producer.resume', { producerId });

    const screen = { transportId: gus.send, kind: 'audio', source: 'screen-audio' } as const;
    const { producerId: sound } = await gus.client.get('producer.create', {
      ...screen,
      rtpParameters: { ...opus(), mid: '2' },
    });
    await olga.client.get('participant.stopVideo', { participantId, source: 'screen', deny: true });
    await gus.client.event('participant.action', ({ action }) => action === 'stop-screen');
    assert.equal(await gus.client.refusal('producer.resume', { producerId: sound }), 'STOPPED_BY_MODERATOR');
    // The camera is something else.
    await gus.client.get('producer.pause', { producerId });
    await gus.client.get('producer.resume', { producerId });
    await olga.client.get('participant.ask', { participantId, source: 'screen' });
    await gus.client.get('producer.resume', { producerId: sound });
    close(olga, gus);
  });

  it('threat 5: an admin can be muted but not kept from unmuting; promotion frees, and demotion does not restore', async () => {
    const { olga, gus, identity } = await begin();
    const ada = await take(admin);
    const hers = await ada.produce();
    const { participantId } = ada;
    await olga.client.get('participant.mute', { participantId, muted: true, deny: true });
    await restrained(olga, participantId, true, []);
    await ada.client.get('producer.resume', { producerId: hers });
    const his = await gus.produce();
    await olga.client.get('participant.mute', { participantId: gus.participantId, muted: true, deny: true });
    const { participant } = await olga.client.event(
      'participant.joined',
      (joined) => joined.participant.participantId === gus.participantId,
    );
    await olga.client.get('room.configure', { roomId, roles: { [participant.accountId]: 'moderator' } });
    await restrained(olga, gus.participantId, true, []);
    await gus.client.get('producer.resume', { producerId: his });
    await olga.client.get('room.configure', { roomId, roles: { [participant.accountId]: null } });
    await gus.client.get('producer.pause', { producerId: his });
    await gus.client.get('producer.resume', { producerId: his });
    assert.ok(identity);
    close(olga, gus, ada);
  });

  it('threat 5: guests and viewers moderate nobody, and nobody acts on people who are not there', async () => {
    const { olga, gus } = await begin();
    const { participantId } = olga;
    const nobody = crypto.randomUUID();
    const requests = {
      'participant.mute': { muted: true },
      'participant.stopVideo': { source: 'camera' },
      'participant.ask': { source: 'microphone' },
    } as const;
    for (const [name, data] of Object.entries(requests)) {
      assert.equal(await gus.client.refusal(name, { participantId, ...data }), 'FORBIDDEN', name);
      // The answer must not reveal to a guest who is in the room.
      assert.equal(await gus.client.refusal(name, { participantId: nobody, ...data }), 'FORBIDDEN', name);
      assert.equal(
        await olga.client.refusal(name, { participantId: nobody, ...data }),
        'PARTICIPANT_UNKNOWN',
        name,
      );
    }
    assert.equal(await gus.client.refusal('participant.muteAll', { except: 'me' }), 'FORBIDDEN');
    assert.equal(await gus.client.refusal('participant.allowAll', {}), 'FORBIDDEN');
    await olga.client.get('room.configure', {
      roomId,
      permissions: { speaker: ['room.enter', 'participant.mute'] },
    });
    await gus.client.get('participant.mute', { participantId, muted: true });
    const asked = { participantId, source: 'camera' };
    assert.equal(await gus.client.refusal('participant.stopVideo', asked), 'FORBIDDEN');
    assert.equal(await gus.client.refusal('participant.ask', asked), 'FORBIDDEN');
    close(olga, gus);
  });

  it('a phone that may not unmute stays muted, and a moderator who unmutes it allows it again', async () => {
    const olga = await take(owner);
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    const { routerRtpCapabilities } = await bridge.get('room.join', { roomId });
    const { send } = await bridge.get('bridge.open', {
      address: '127.0.0.1',
      port: 9,
      rtpCapabilities: routerRtpCapabilities,
    });
    const { participantId } = await bridge.get('participant.add', { displayName: 'Office', kind: 'phone' });
    const { producerId } = await bridge.get('producer.create', {
      transportId: send.transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: opus(),
      participantId,
    });
    await olga.client.get('participant.mute', { participantId, muted: true, deny: true });
    assert.equal(await bridge.refusal('producer.resume', { producerId }), 'STOPPED_BY_MODERATOR');
    await olga.client.get('participant.mute', { participantId, muted: false });
    await restrained(olga, participantId, false, []);
    await olga.client.event('producer.resumed', (on) => on.producerId === producerId);
    await bridge.get('room.leave', {});
    close(olga, { client: bridge });
  });
});
