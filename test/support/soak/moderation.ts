import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Identity } from '../../../client/sdk/index.ts';
import { linkDevices } from '../linked-device.ts';
import { newIdentity, ProtocolClient } from '../protocol-client.ts';
import { Seat } from '../raw-call.ts';
import { asHost } from './host.ts';
import { roomAt, type SoakRun } from './soak-run.ts';

const STAY_MS = 1000;

/** A member mutes, removes and readmits someone. */
export function moderates(run: SoakRun, moderator: Identity): Promise<void> {
  return run.repeat('moderation', 4000, async (time) => {
    const roomId = roomAt(time);
    const guest = await newIdentity(run.server, { role: 'guest', roomId, displayName: 'Gus' });
    await asHost(run, moderator, roomId, async (host) => {
      const seat = await Seat.take(run.server.url, guest, roomId);
      try {
        const producerId = await seat.produce();
        const { participantId } = seat;
        await host.get('participant.mute', { participantId, muted: true });
        await host.event('producer.paused', (paused) => paused.producerId === producerId);
        await seat.client.get('producer.resume', { producerId });
        await host.event('producer.resumed', (resumed) => resumed.producerId === producerId);
        await delay(STAY_MS);
        const { participant } = await host.event(
          'participant.joined',
          (event) => event.participant.participantId === participantId,
        );
        await host.get('participant.kick', { participantId });
        assert.equal(await seat.client.ended(), 'KICKED');
        const back = await ProtocolClient.enter(run.server.url, guest);
        try {
          assert.equal(await back.refusal('room.join', { roomId }), 'KICKED');
          await host.get('participant.readmit', { accountId: participant.accountId });
          await back.get('room.join', { roomId });
          await back.get('room.leave', {});
        } finally {
          back.close();
        }
      } finally {
        seat.client.close();
      }
    });
  });
}

/** An account with two devices: one is revoked during a call, then the whole account. */
export function revokes(run: SoakRun): Promise<void> {
  return run.repeat('revocation', 10_000, async (time) => {
    const roomId = roomAt(time);
    const { server } = run;
    const stolen = await newIdentity(server, { displayName: 'Eve' });
    const [other] = await linkDevices(stolen, 1);
    assert.ok(other);
    const seats: Seat[] = [];
    try {
      for (const identity of [stolen, other]) {
        seats.push(await Seat.take(server.url, identity, roomId));
      }
      for (const seat of seats) {
        await seat.produce();
      }
      const [first, second] = seats;
      const outside = await ProtocolClient.open(server.url);
      const { accountId } = await outside.get('auth.prove', await outside.proof(other));
      await server.api('POST', `/api/accounts/${accountId}/devices/${stolen.deviceId}/revoke`);
      assert.equal(await first?.client.ended(), 'CERT_REVOKED');
      await delay(STAY_MS);
      assert.ok(second?.client.open, 'the other device stays');
      await server.api('POST', `/api/accounts/${accountId}/revoke`);
      assert.equal(await second.client.ended(), 'CERT_REVOKED');
      assert.equal(await outside.ended(), 'CERT_REVOKED');
    } finally {
      for (const { client } of seats) {
        client.close();
      }
    }
  });
}
