import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { BridgeSocket, OPUS_PAYLOAD, opusStream } from '../../../test/support/bridge-socket.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { Identity } from '../identity/index.ts';
import type { BridgeEvents } from './bridge-events.ts';
import { BridgeSession } from './bridge-session.ts';

/** Resolves with the next matching event. */
function heard<N extends keyof BridgeEvents>(
  session: BridgeSession,
  name: N,
  fits: (...args: BridgeEvents[N]) => boolean = () => true,
): Promise<BridgeEvents[N]> {
  const { promise, resolve, reject } = Promise.withResolvers<BridgeEvents[N]>();
  const timer = setTimeout(() => reject(new Error(`no ${name}`)), 30_000);
  const off = session.on(name, (...args) => {
    if (!fits(...args)) {
      return;
    }
    off();
    clearTimeout(timer);
    resolve(args);
  });
  return promise;
}

/** The server's limit of people and phones per room. */
const PLACES = 4;

describe('BridgeSession', () => {
  let server: InProcessServer;
  let identity: Identity;
  let other: Identity;
  let moderator: Identity;
  let west: BridgeSession;
  let east: BridgeSession;
  let westSocket: BridgeSocket;
  let eastSocket: BridgeSocket;

  before(async () => {
    server = await InProcessServer.start({ 'limits.participantsPerRoom': PLACES });
    identity = await newIdentity(server, { role: 'bridge' });
    other = await newIdentity(server, { role: 'bridge' });
    moderator = await newIdentity(server, { role: 'member' });
  });
  after(async () => {
    await server.close();
  });
  beforeEach(async () => {
    westSocket = await BridgeSocket.open();
    eastSocket = await BridgeSocket.open();
    west = await BridgeSession.join({ url: server.url, identity, roomId: 'lobby' });
    east = await BridgeSession.join({ url: server.url, identity: other, roomId: 'lobby' });
  });
  afterEach(async () => {
    await Promise.all([west.leave(), east.leave()]);
    westSocket.close();
    eastSocket.close();
    await eventually('the room is closed', () => server.sfu.gauges().routers === 0);
    assert.equal(server.sfu.gauges().transports, 0);
  });

  /** A phone in the west sends and is received in the east. */
  async function call(ssrc: number) {
    const media = await west.open(westSocket.endpoint);
    await east.open(eastSocket.endpoint);
    const phone = await west.addParticipant({ displayName: '+49 30 123', callState: 'ringing' });
    const begun = heard(east, 'source');
    await phone.produce(opusStream(ssrc));
    westSocket.send({ ssrc, payloadType: 100, to: media.send });
    const [source] = await begun;
    return { phone, source, media };
  }

  it('carries a phone’s voice to another bridge, and reports it as the speaker', async () => {
    const spoke = heard(east, 'speaker', (participantId) => participantId !== null);
    const { phone, source } = await call(1111);
    const { payload, payloadType, from } = await eastSocket.rtp(source.ssrc);
    assert.deepEqual(payload, OPUS_PAYLOAD);
    assert.equal(payloadType, source.payloadType);
    assert.deepEqual([from.address, from.port], [east.media?.recv.address, east.media?.recv.port]);
    assert.equal(source.participantId, phone.participantId);
    assert.notEqual(source.audioLevelId, undefined);
    assert.equal((await spoke)[0], phone.participantId);
    const shown = east.participants.get(phone.participantId ?? '');
    assert.equal(shown?.kind, 'phone');
    assert.equal(shown.role, 'guest');
    assert.equal(shown.callState, 'ringing');
    assert.equal(west.sources.length, 0, 'a bridge does not hear its own phones');
  });

  it('refuses a phone at once when the room is full, and takes one when somebody has left', async () => {
    const newcomer = { displayName: '+49 30 123' };
    const phones = [];
    for (let place = 0; place < PLACES; place++) {
      phones.push(await west.addParticipant(newcomer));
    }
    await assert.rejects(east.addParticipant(newcomer), { code: 'ROOM_FULL' });
    await phones[0]?.remove();
    const late = await east.addParticipant(newcomer);
    assert.equal(late.removed, false);
  });

  it('shows the state of a call, and ends its media with it', async () => {
    const { phone } = await call(1112);
    const updated = heard(east, 'participant-updated');
    await phone.update({ callState: 'answered', displayName: 'Reception' });
    const [shown] = await updated;
    assert.deepEqual([shown.callState, shown.displayName], ['answered', 'Reception']);
    const ended = heard(east, 'source-ended');
    const left = heard(east, 'participant-left');
    await phone.remove();
    await ended;
    assert.equal((await left)[1], 'left');
    assert.equal(server.sfu.gauges().producers, 0);
    assert.deepEqual(west.hosted, []);
  });

  it('mutes and unmutes for a moderator, and emits that', async () => {
    const { phone, source } = await call(1113);
    const client = await ProtocolClient.enter(server.url, moderator);
    const { participantId: by } = await client.get('room.join', { roomId: 'lobby' });
    for (const [muted, action] of [
      [true, 'mute'],
      [false, 'unmute'],
    ] as const) {
      const acted = heard(west, 'action');
      const seen = heard(east, 'source-updated');
      await client.get('participant.mute', { participantId: source.participantId, muted });
      assert.deepEqual(await acted, [phone, action, by]);
      assert.equal((await seen)[0].paused, muted);
      assert.equal(phone.muted, muted);
    }
    await eastSocket.rtp(source.ssrc);
    await client.get('room.leave', {});
    client.close();
  });

  it('keeps a phone muted that may not unmute, until a moderator asks it to; newcomers enter as the room says', async () => {
    const { phone, source } = await call(1118);
    const client = await ProtocolClient.enter(server.url, moderator);
    await client.get('room.join', { roomId: 'lobby' });
    const { participantId } = source;
    const acted = heard(west, 'action');
    await client.get('participant.mute', { participantId, muted: true, deny: true });
    await acted;
    await assert.rejects(phone.setMuted(false), { code: 'STOPPED_BY_MODERATOR' });
    assert.deepEqual([phone.muted, phone.denied], [true, true]);
    const asked = heard(west, 'asked');
    await client.get('participant.ask', { participantId, source: 'microphone' });
    assert.deepEqual(await asked, [phone]);
    const seen = heard(east, 'source-updated');
    await phone.setMuted(false);
    assert.equal((await seen)[0].paused, false);

    await client.get('participant.muteAll', { except: 'me', onEntry: true, deny: true });
    const late = await west.addParticipant({ displayName: 'Late' });
    assert.deepEqual([late.muted, late.denied], [true, true]);
    await client.get('participant.allowAll', {});
    await eventually('it may unmute', () => !late.denied);
    await late.setMuted(false);
    await client.get('room.leave', {});
    client.close();
  });

  it('raises a hand, which a moderator can lower, and raises it again at a new seat', async () => {
    const client = await ProtocolClient.enter(server.url, moderator);
    await client.get('room.join', { roomId: 'lobby' });
    const phone = await west.addParticipant({ displayName: '+49 30 123' });
    const raised = (count: number) =>
      eventually('the hand is up', () => client.count('hand.raised') === count);
    await phone.setHandUp(true);
    await raised(1);
    const { participantId = '' } = phone;
    await client.get('hand.lower', { participantId });
    await eventually('the phone knows', () => !phone.handUp);
    await phone.setHandUp(true);
    await raised(2);
    await phone.setHandUp(false);
    await client.event('hand.lowered', ({ by }) => by === participantId);
    await phone.setHandUp(true);
    await raised(3);
    // Without transports its seat is not kept.
    west.reconnect();
    await raised(4);
    await client.get('room.leave', {});
    const { parts } = await client.get('room.join', { roomId: 'lobby' });
    assert.deepEqual(
      parts.hands.map((hand) => hand.participantId),
      [phone.participantId],
    );
    assert.notEqual(phone.participantId, participantId);
    await client.get('room.leave', {});
    client.close();
  });

  it('ends a participant that is kicked, even while the connection is lost', async () => {
    const { phone, source } = await call(1114);
    const client = await ProtocolClient.enter(server.url, moderator);
    await client.get('room.join', { roomId: 'lobby' });
    const acted = heard(west, 'action');
    const left = heard(east, 'participant-left');
    await client.get('participant.kick', { participantId: source.participantId });
    assert.deepEqual((await acted).slice(0, 2), [phone, 'kick']);
    assert.equal((await left)[1], 'kicked');
    assert.ok(phone.removed);
    await phone.remove('kicked');

    const second = await west.addParticipant({ displayName: 'Second' });
    const again = heard(west, 'action');
    west.reconnect();
    await client.get('participant.kick', { participantId: second.participantId ?? '' });
    assert.deepEqual((await again).slice(0, 2), [second, 'kick']);
    await client.get('room.leave', {});
    client.close();
  });

  it('keeps its media when only the connection is lost', async () => {
    const { phone, source, media } = await call(1115);
    const { participantId, producerId } = phone;
    const back = heard(west, 'state', (state) => state === 'connected');
    west.reconnect();
    const late = west.addParticipant({ displayName: 'Late' });
    await back;
    assert.equal(west.media, media);
    assert.deepEqual([phone.participantId, phone.producerId], [participantId, producerId]);
    await eastSocket.rtp(source.ssrc);
    const { participantId: lateId } = await late;
    await eventually('the late one is there', () => east.participants.has(lateId ?? ''));
    assert.equal(east.participants.size, 2);
  });

  it('recreates everything when the worker dies', async () => {
    const { phone, media } = await call(1116);
    const { participantId } = phone;
    const lost = heard(west, 'media-lost');
    const opened = heard(west, 'media');
    const begun = heard(east, 'source');
    const [worker] = await server.sfu.workers();
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await lost;
    const [fresh] = await opened;
    assert.notEqual(fresh.send.transportId, media.send.transportId);
    westSocket.send({ ssrc: 1116, payloadType: 100, to: fresh.send });
    const [source] = await begun;
    assert.equal(source.participantId, participantId, 'the phone stays who it was');
    assert.deepEqual((await eastSocket.rtp(source.ssrc)).payload, OPUS_PAYLOAD);
  });

  it('joins again with its phones if its seat is gone', async () => {
    const { phone } = await call(1117);
    const { participantId } = phone;
    await phone.setMuted(true);
    // Another session of the same device takes over the seat, with the same effect as its expiry.
    const thief = await ProtocolClient.enter(server.url, identity);
    const opened = heard(west, 'media');
    const begun = heard(east, 'source', (source) => source.participantId !== participantId);
    const peerId = [...east.participants.values()][0]?.peerId ?? '';
    west.reconnect();
    await thief.get('room.join', { roomId: 'lobby', resume: { peerId } });
    await thief.get('room.leave', {});
    thief.close();
    await opened;
    const [source] = await begun;
    assert.equal(source.participantId, phone.participantId);
    assert.ok(source.paused, 'it is muted still');
    assert.equal(east.participants.size, 1);
  });
});
