// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import type { Identity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { linkDevices } from '../support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Seat } from '../support/raw-call.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { opus, simulcast } from '../support/rtp-parameters.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const PEERS_PER_ROOM = 4;
const CONNECTIONS_PER_ACCOUNT = 8;

describe('budgets', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let ann: Identity;
  let bob: Identity;
  let mallory: Identity;
  /** Three devices of one account. */
  let devices: Identity[];

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: {
        CANOPY_LIMITS_PEERS_PER_ROOM: String(PEERS_PER_ROOM),
        CANOPY_LIMITS_CONNECTIONS_PER_ACCOUNT: String(CONNECTIONS_PER_ACCOUNT),
        CANOPY_LIMITS_ROOMS_PER_ACCOUNT: '3',
        CANOPY_LIMITS_SEATS_PER_ACCOUNT: '2',
      },
    });
    server = attacked.server;
    [ann, bob, mallory] = (await Promise.all([1, 2, 3].map(() => newIdentity(server)))) as [
      Identity,
      Identity,
      Identity,
    ];
    devices = [mallory, ...(await linkDevices(mallory, 2))];
  });
  after(() => attacked.close());

  async function leave(...clients: ProtocolClient[]): Promise<void> {
    for (const client of clients) {
      await client.ask('room.leave', {});
      client.close();
    }
  }

  const waiting = (count: number) =>
    eventually(
      `${count} seats wait`,
      () => server.objects(),
      ({ peersWaiting }) => peersWaiting === count,
    );

  it('threat 53: connections per account are limited, half of them per device, and others get in', async () => {
    const half = await Promise.all(
      Array.from({ length: CONNECTIONS_PER_ACCOUNT / 2 }, () => ProtocolClient.enter(server.url, mallory)),
    );
    const fifth = await ProtocolClient.open(server.url);
    assert.equal(await fifth.refusal('auth.prove', await fifth.proof(mallory)), 'TOO_MANY_CONNECTIONS');
    const [, second = mallory, third = mallory] = devices;
    const others = await Promise.all(
      [second, second, second, third].map((device) => ProtocolClient.enter(server.url, device)),
    );
    const ninth = await ProtocolClient.open(server.url);
    assert.equal(await ninth.refusal('auth.prove', await ninth.proof(third)), 'TOO_MANY_CONNECTIONS');
    const honest = await ProtocolClient.enter(server.url, ann);
    for (const client of [...half, ...others, fifth, ninth, honest]) {
      client.close();
    }
    await eventually(
      'what they held is given back',
      async () => {
        const again = await ProtocolClient.open(server.url);
        const answer = await again.ask('auth.prove', await again.proof(third));
        again.close();
        return answer.ok;
      },
      (ok) => ok,
    );
  });

  it('threat 54: a device has one seat in a room: a second tab replaces the first, which is notified', async () => {
    const watcher = await Seat.take(server.url, ann, 'team');
    const first = await Seat.take(server.url, bob, 'team');
    const second = await Seat.take(server.url, bob, 'team');
    assert.equal(await first.client.ended(), 'SESSION_REPLACED');
    await watcher.client.event(
      'participant.left',
      ({ participantId }) => participantId === first.participantId,
    );
    assert.equal((await server.objects()).peersConnected, 2);
    await leave(watcher.client, second.client);
  });

  it('threat 54: a device that returns leaves no ghost, and one without media leaves no seat', async () => {
    const watcher = await Seat.take(server.url, ann, 'team');
    for (let round = 0; round < 5; round += 1) {
      const seat = await Seat.take(server.url, bob, 'team');
      await seat.client.cut();
      const gone = await ProtocolClient.enter(server.url, mallory);
      await gone.get('room.join', { roomId: 'team' });
      await gone.cut();
    }
    const back = await ProtocolClient.enter(server.url, bob);
    const { participants } = await back.get('room.join', { roomId: 'team' });
    assert.equal(participants.length, 2);
    await waiting(0);
    await leave(back, watcher.client);
  });

  it('threat 54: seats per account in a room are limited, and a disconnected one makes way for the next', async () => {
    const [first = mallory, second = mallory, third = mallory] = devices;
    const seats = [await Seat.take(server.url, first, 'team'), await Seat.take(server.url, second, 'team')];
    const client = await ProtocolClient.enter(server.url, third);
    assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'LIMIT_REACHED');
    await seats[0]?.client.cut();
    await waiting(1);
    const { participants } = await client.get('room.join', { roomId: 'team' });
    assert.equal(participants.length, 2);
    await leave(client, ...seats.slice(1).map((seat) => seat.client));
  });

  it('threat 54: a full room gives up disconnected seats of accounts that have several, but not an account’s only one', async () => {
    const [first = mallory, second = mallory] = devices;
    const hostile = [await Seat.take(server.url, first, 'full'), await Seat.take(server.url, second, 'full')];
    const lost = await Seat.take(server.url, ann, 'full');
    const present = await Seat.take(server.url, bob, 'full');
    for (const seat of [...hostile, lost]) {
      await seat.client.cut();
    }
    await waiting(3);
    const newcomers = await Promise.all([1, 2].map(() => newIdentity(server)));
    const enter = async (identity: Identity | undefined) => {
      assert.ok(identity);
      const client = await ProtocolClient.enter(server.url, identity);
      return { client, answer: await client.ask('room.join', { roomId: 'full' }) };
    };
    const third = await enter(newcomers[0]);
    assert.ok(third.answer.ok, 'one of the two seats that one account holds is given away');
    const fourth = await enter(newcomers[1]);
    assert.equal(!fourth.answer.ok && fourth.answer.error.code, 'ROOM_FULL');
    const back = await ProtocolClient.enter(server.url, ann);
    const resume = { roomId: 'full', resume: { peerId: lost.peerId } };
    assert.equal((await back.get('room.join', resume)).resumed, true);
    fourth.client.close();
    // The seat of the other peer.
    const again = await ProtocolClient.enter(server.url, second);
    await again.get('room.join', { roomId: 'full' });
    await leave(third.client, back, again, present.client);
  });

  it('threat 54: rooms opened per account are limited, and others can still open theirs', async () => {
    const opened: ProtocolClient[] = [];
    for (const roomId of ['m1', 'm2', 'm3']) {
      const client = await ProtocolClient.enter(server.url, mallory);
      await client.get('room.join', { roomId });
      opened.push(client);
    }
    const client = await ProtocolClient.enter(server.url, mallory);
    assert.equal(await client.refusal('room.join', { roomId: 'm4' }), 'LIMIT_REACHED');
    const honest = await ProtocolClient.enter(server.url, ann);
    await honest.get('room.join', { roomId: 'm4' });
    await client.get('room.join', { roomId: 'm4' });
    await client.get('room.leave', {});
    await opened[0]?.get('room.leave', {});
    await client.get('room.join', { roomId: 'm5' });
    await leave(honest, client, ...opened);
  });

  it('threat 62: a participant has one microphone and one shared screen’s audio', async () => {
    const seat = await Seat.take(server.url, ann, 'team');
    const request = (source: string, kind: 'audio' | 'video' = 'audio') => ({
      transportId: seat.send,
      kind,
      source,
      rtpParameters: { ...(kind === 'audio' ? opus() : simulcast()), mid: source.replace('-', '') },
    });
    const { client } = seat;
    const answers = await Promise.all(
      [1, 2, 3].map(() => client.ask('producer.create', request('microphone'))),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 1, 'of three at once');
    assert.equal(await client.refusal('producer.create', request('microphone')), 'LIMIT_REACHED');
    for (const [source, kind] of [
      ['camera', 'audio'],
      ['screen', 'audio'],
      ['microphone', 'video'],
    ] as const) {
      assert.equal(await client.refusal('producer.create', request(source, kind)), 'BAD_REQUEST', source);
    }
    await client.get('producer.create', request('screen-audio') as never);
    assert.equal(await client.refusal('producer.create', request('screen-audio')), 'LIMIT_REACHED');
    const [first] = answers.flatMap((answer) => (answer.ok ? [answer.result as { producerId: string }] : []));
    await client.get('producer.close', { producerId: first?.producerId ?? '' });
    assert.ok((await client.ask('producer.create', request('microphone'))).ok, 'another one in its place');
    await leave(client);
  });

  it('threat 14: a microphone whose transport closes during its creation does not block the next one', async () => {
    const seat = await Seat.take(server.url, ann, 'team');
    const { client } = seat;
    let transportId = seat.send;
    for (let round = 0; round < 20; round += 1) {
      const microphone = { kind: 'audio', source: 'microphone', rtpParameters: opus() } as const;
      const [, closed] = await Promise.all([
        client.ask('producer.create', { ...microphone, transportId }),
        client.ask('transport.close', { transportId }),
      ]);
      assert.ok(closed.ok);
      ({ transportId } = await client.get('transport.create', { direction: 'send' }));
      const { producerId } = await client.get('producer.create', { ...microphone, transportId });
      await client.get('producer.close', { producerId });
    }
    await leave(client);
  });

  it('threat 63: an unauthenticated client can send at most 16 KiB, in one message or many', async () => {
    for (const size of [17_000, 4000]) {
      const stranger = await RawSocket.challenged(server.url);
      for (let sent = 0; sent < 20_000; sent += size) {
        stranger.ws.send(`42["auth.prove",{"id":"aaaaaaaa","data":"${'x'.repeat(size)}"}]`);
      }
      await stranger.closed;
      assert.ok(
        stranger.received.some((packet) => packet.includes('PAYLOAD_TOO_LARGE')),
        'the answer says why',
      );
    }
    const known = await ProtocolClient.enter(server.url, ann);
    assert.equal(await known.refusal('room.join', { roomId: 'x'.repeat(100_000) }), 'BAD_REQUEST');
    known.close();
  });

  it('threat 66: a join with a ticket on a connection that has a seat leaves no ghost behind', async () => {
    const key = Buffer.from(readFileSync(join(server.dataDir, 'ticket.key'), 'utf8').trim());
    const client = await ProtocolClient.enter(server.url, ann);
    for (let round = 0; round < 5; round += 1) {
      const ticket = await new SignJWT({
        roomId: 'team',
        peerId: randomUUID(),
        displayName: 'Ann',
        role: 'member',
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'canopy-ticket' })
        .setSubject(ann.deviceId)
        .setIssuedAt()
        .setExpirationTime('5 min')
        .sign(key);
      if (round === 0) {
        await client.get('room.join', { roomId: 'team' });
      }
      const { participants } = await client.get('room.join', { roomId: 'team', ticket });
      assert.equal(participants.length, 1);
      assert.equal((await server.objects()).peersConnected, 1);
    }
    await leave(client);
    assert.equal((await server.objects()).rooms, 0);
  });

  it('a connection’s log lines do not grow with its joins', async () => {
    const client = await ProtocolClient.enter(server.url, ann);
    for (let round = 0; round < 50; round += 1) {
      await client.get('room.join', { roomId: 'team' });
      await client.get('room.leave', {});
    }
    const before = server.log.length;
    client.write(new Uint8Array([1, 2, 3]));
    assert.equal(await client.ended(), 'BAD_REQUEST');
    await eventually(
      'the line is written',
      () => server.log.slice(before),
      (lines) => lines.includes('client violated a limit'),
    );
    const line =
      server.log
        .slice(before)
        .split('\n')
        .find((one) => one.includes('client violated a limit')) ?? '';
    assert.equal(line.split('peerId').length - 1, 1);
  });
});
