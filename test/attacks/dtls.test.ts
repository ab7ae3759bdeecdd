// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ALERTS, alert, clientHello, isDtls } from '../support/dtls.ts';
import { MediaCall } from '../support/media-call.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { Stranger } from '../support/stranger.ts';

const ROUNDS = 3;
const PACKETS = 2000;

describe('threat 9: DTLS', () => {
  let relayed: RelayedServer;
  let call: MediaCall;
  let stranger: Stranger;

  before(async () => {
    relayed = await RelayedServer.start();
    call = await MediaCall.start(relayed.server, 'team');
    stranger = await Stranger.open(relayed.worker);
  });
  after(async () => {
    stranger.close();
    await call.leave();
    await relayed.close();
  });

  const records = (index: number): Buffer =>
    [clientHello(index), alert(ALERTS.handshakeFailure, index), alert(ALERTS.closeNotify, index)][
      index % 3
    ] as Buffer;

  it('threat 9: a stranger’s ClientHellos and alerts neither take over nor end a handshake', async () => {
    let handshakes = 0;
    relayed.relay.filter = (packet, towards) => {
      // During each handshake, before each flight.
      if (towards === 'server' && isDtls(packet)) {
        handshakes += 1;
        void stranger.flood(30, records);
      }
      return true;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const another = await MediaCall.start(relayed.server, `round-${round}`);
      await another.leave();
    }
    assert.ok(
      handshakes >= ROUNDS * 4 * 2,
      'two flights or more of the clients of four transports in each round',
    );
    assert.deepEqual(stranger.received, [], 'the worker answers nobody without ICE');
    await call.goesOn();
  });

  it(`threat 9: ${PACKETS} of them do not end an established call, not even from the caller's own address`, async () => {
    const clients = relayed.relay.counters.map(({ client }) => client);
    await stranger.flood(PACKETS, records);
    for (const client of clients) {
      for (let index = 0; index < 50; index += 1) {
        relayed.relay.inject(records(index), client);
      }
    }
    await call.goesOn();
    assert.deepEqual(stranger.received, []);
  });

  it('threat 9: a handshake that is ended by an alert in the caller’s name is repeated', async (t) => {
    let alerts = 0;
    const hit = new Set<string>();
    relayed.relay.filter = (packet, towards, client) => {
      if (towards === 'server' && isDtls(packet) && hit.size < 4 && !hit.has(client)) {
        hit.add(client);
        // After its first flight: records of the same epoch cannot be told apart from the caller's.
        setImmediate(() => relayed.relay.inject(alert(ALERTS.handshakeFailure, 1000), client));
        alerts += 1;
      }
      return true;
    };
    const another = await MediaCall.start(relayed.server, 'forged');
    t.diagnostic(`${alerts} handshakes were hit, ${relayed.relay.counters.length} ports used in all`);
    assert.equal(alerts, 4);
    await another.leave();
    await call.goesOn();
  });
});
