import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { ERROR_CODES } from '../../base/index.ts';
import type { Identity } from '../../client/sdk/index.ts';
import { type RequestName, requestId } from '../../contract/index.ts';
import { REQUESTS } from '../../signaling/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { filled, malformed } from '../support/malformed.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import { opus, simulcast } from '../support/rtp-parameters.ts';
import type { TestServer } from '../support/server.ts';

const MESSAGES_PER_KIND = 100;
/** Fixed seed, so that failures are reproducible; printed with the failing message. */
const SEED = 20_261_102;
const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');

const HINTS = {
  roomId: ['bystanders', 'other'],
  transportId: ['@send', '@recv'],
  producerId: ['@own', '@other'],
  producerIds: [['@other']],
  consumerId: ['@consumer'],
  consumerIds: [['@consumer']],
  rtpParameters: [opus(), simulcast()],
  dtlsParameters: [{ role: 'client', fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] }],
  peerId: ['@peer'],
  // Longer ones would outlast the test.
  departureTimeout: [0, 1],
  emptyTimeout: [0, 1],
};

/** Deleting the bystanders' room would be no malformed request. */
function hintsFor(name: RequestName): Record<string, unknown[]> {
  return name === 'room.delete' ? { ...HINTS, roomId: ['other'] } : HINTS;
}

describe('threat 6: malformed messages over the socket', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let mallory: Identity;
  let bystanders: Bystanders;
  let producerId: string;

  before(async () => {
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_LIMITS_REQUESTS_PER_SECOND: '5000', CANOPY_LIMITS_RESUME_SECONDS: '1' },
    });
    server = attacked.server;
    mallory = await newIdentity(server, { role: 'admin' });
    bystanders = await Bystanders.start(server.url, await newIdentity(server), await newIdentity(server));
    producerId = await bystanders.ann.produce();
  });
  after(async () => {
    await bystanders.leave();
    await attacked.close();
  });

  for (const name of Object.keys(REQUESTS) as RequestName[]) {
    it(`${MESSAGES_PER_KIND} of ${name} each get a coded answer, or end only their own connection`, async () => {
      const envelope = z.object({ id: requestId, data: REQUESTS[name].data });
      let attacker = await Attacker.enter(server.url, mallory, name, producerId);
      await fc.assert(
        fc.asyncProperty(malformed(envelope, hintsFor(name)), async (message) => {
          attacker = attacker.client.open
            ? attacker
            : await Attacker.enter(server.url, mallory, name, producerId);
          const code = await attacker.send(name, filled(message, attacker.slots));
          assert.ok(['ok', 'ended'].includes(code) || code in ERROR_CODES, code);
          assert.notEqual(code, 'INTERNAL');
        }),
        { numRuns: MESSAGES_PER_KIND, seed: SEED, endOnFailure: true },
      );
      attacker.client.close();
      await bystanders.goOn();
    });
  }
});

/** A connection in the state in which a request gets furthest. */
class Attacker {
  readonly client: ProtocolClient;
  /** Ids that messages can refer to. */
  readonly slots: Record<string, string>;
  readonly #ended: Promise<'ended'>;

  private constructor(client: ProtocolClient, slots: Record<string, string>) {
    this.client = client;
    this.slots = slots;
    this.#ended = new Promise((resolve) => client.socket.once('disconnect', () => resolve('ended')));
  }

  static async enter(
    url: string,
    identity: Identity,
    name: RequestName,
    producerId: string,
  ): Promise<Attacker> {
    if (name === 'auth.prove') {
      return new Attacker(await ProtocolClient.open(url), {});
    }
    if (name === 'room.join' || name.startsWith('invite.')) {
      return new Attacker(await ProtocolClient.enter(url, identity), {});
    }
    const seat = await Seat.take(url, identity, 'bystanders');
    const [own, consumer] = [await seat.produce(), await seat.consume(producerId)];
    return new Attacker(seat.client, {
      '@send': seat.send,
      '@recv': seat.recv,
      '@peer': seat.peerId,
      '@own': own,
      '@other': producerId,
      '@consumer': consumer,
    });
  }

  /** The error code for a message, `ok`, or `ended` if the connection ended because of it. */
  async send(name: RequestName, message: unknown): Promise<string> {
    const answered = this.client.socket
      .timeout(30_000)
      .emitWithAck(name, message)
      .then(
        (answer: { ok: boolean; error?: { code: string } }) => answer.error?.code ?? 'ok',
        // The client abandons pending requests when the connection has ended.
        (error: Error) => (this.client.open ? Promise.reject(error) : 'ended'),
      );
    return Promise.race([answered, this.#ended]);
  }
}
