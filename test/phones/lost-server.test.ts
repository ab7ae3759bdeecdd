// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { CuttableRelay } from '../support/cuttable-relay.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { untilBaseline } from '../support/gauges.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { freePort } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const FIRST_HZ = 700;
const SECOND_HZ = 1100;
/** By then the gateway's requests have timed out, in milliseconds. */
const REQUEST_MS = 17_000;

describe('calls while the gateway has lost its server', () => {
  let server: TestServer;
  let relay: CuttableRelay;
  let phones: PhoneServer;
  let gateway: GatewayProcess;
  let first: Baresip;
  let second: Baresip;
  let third: Baresip;
  /** A person in the room, connected directly rather than through the relay. */
  let ann: ProtocolClient;

  before(async () => {
    relay = await CuttableRelay.open(() => server.port);
    server = await startServer();
    phones = PhoneServer.beside(server, await freePort());
    await phones.addPhones('1001', '1002', '1003');
    await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    gateway = await GatewayProcess.start(phones, relay.url);
    first = await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: FIRST_HZ });
    second = await phones.phone('1002', { codecs: 'PCMU/8000/1', toneHz: SECOND_HZ });
    third = await phones.phone('1003', { codecs: 'PCMU/8000/1' });
  });
  after(async () => {
    await Promise.all([first?.stop(), second?.stop(), third?.stop()]);
    await gateway?.end();
    relay.close();
    await server.close();
  });
  beforeEach(async () => {
    ann = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'member' }));
    await ann.get('room.join', { roomId: ROOM });
    for (const phone of [first, second]) {
      phone.command('dial', phones.uri('100'));
      await phone.waitFor('CALL_ESTABLISHED');
    }
    await bothHear();
  });

  function startServer(options: Partial<Parameters<typeof TestServer.start>[0]> = {}): Promise<TestServer> {
    return TestServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_LIMITS_RESUME_SECONDS: '5', CANOPY_SERVER_ORIGINS: relay.url },
      ...options,
    });
  }

  async function bothHear(): Promise<void> {
    await Promise.all([first.hears(SECOND_HZ), second.hears(FIRST_HZ)]);
  }

  /** The phones as Ann sees them, by name. */
  async function joined(from = ann): Promise<string[]> {
    const ids = ['Phone 1001', 'Phone 1002'].map(async (name) => {
      const { participant } = await from.event(
        'participant.joined',
        ({ participant: { displayName } }) => displayName === name,
      );
      return participant.participantId;
    });
    return Promise.all(ids);
  }

  /** Waits until both have other participant ids than these. */
  async function joinedAnew(participantIds: string[]): Promise<void> {
    for (const name of ['Phone 1001', 'Phone 1002']) {
      await ann.event(
        'participant.joined',
        ({ participant: { displayName, participantId } }) =>
          displayName === name && !participantIds.includes(participantId),
      );
    }
  }

  /** Hangs up both and waits until nothing is left of them. */
  async function endCalls(): Promise<void> {
    const active = await server.api<{ calls: unknown[] }>('GET', '/api/sip/calls?active=true');
    assert.equal(active.calls.length, 2, 'the history shows the calls as going on');
    for (const phone of [first, second]) {
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
    }
    await gateway.untilIdle();
    await ann.get('room.leave', {});
    ann.close();
    // The gateway's control connection remains.
    await untilBaseline(server, undefined, 1);
    await eventually(
      'the history knows how both calls ended',
      async () => (await phones.calls()).filter(({ answeredAtMs }) => answeredAtMs !== null).slice(0, 2),
      (answered) => answered.every(({ endCause }) => endCause === 'remote'),
    );
  }

  /** Waits until the phones that Ann knows are all shown as connected, or as not. */
  async function shownAs(connected: boolean, participantIds: string[]): Promise<void> {
    for (const participantId of participantIds) {
      await ann.event(
        'participant.updated',
        ({ participant }) =>
          participant.participantId === participantId && participant.connected === connected,
      );
    }
  }

  it('lost sockets return to their seats, and nobody leaves the roster', async () => {
    const participantIds = await joined();
    for (let cuts = 0; cuts < 3; cuts++) {
      relay.cut();
      await eventually(
        'control and room are connected again',
        () => relay.connections,
        (count) => count === 2,
      );
      await bothHear();
    }
    await shownAs(false, participantIds);
    await shownAs(true, participantIds);
    assert.equal(ann.count('participant.left'), 0);
    assert.equal(ann.count('producer.closed'), 0);
    await endCalls();
  });

  it('after their seats have expired the phones leave the roster, and their calls join the room again', async () => {
    const participantIds = await joined();
    relay.refuse();
    for (const participantId of participantIds) {
      const { reason } = await ann.event('participant.left', (left) => left.participantId === participantId);
      assert.equal(reason, 'lost');
    }
    await eventually(
      'the server keeps nothing of them',
      () => server.objects(),
      ({ producers, transports }) => producers === 0 && transports === 0,
    );
    relay.allow();
    await joinedAnew(participantIds);
    await bothHear();
    await endCalls();
  });

  it('a call that ends in the meantime is in the history once the server is back', async () => {
    const participantIds = await joined();
    relay.refuse();
    const startedMs = performance.now();
    third.command('dial', phones.uri('100'));
    await third.waitFor('CALL_RINGING');
    third.command('hangup');
    await third.waitFor('CALL_CLOSED');
    await eventually('requests have had their time', () => performance.now() - startedMs > REQUEST_MS);
    relay.allow();
    const call = await eventually('the history has the call', async () =>
      (await phones.calls()).find(({ answeredAtMs }) => answeredAtMs === null),
    );
    assert.equal(call?.endCause, 'cancelled');
    await joinedAnew(participantIds);
    await bothHear();
    await endCalls();
  });

  it('a silent connection is dropped and replaced while the phones continue to talk', async () => {
    const participantIds = await joined();
    relay.silence();
    // Media does not use the sockets.
    await bothHear();
    await shownAs(false, participantIds);
    await shownAs(true, participantIds);
    await bothHear();
    assert.equal(ann.count('participant.left'), 0);
    await endCalls();
  });

  it('a server that is killed and restarted has both in the room again', async () => {
    process.kill(server.pid, 'SIGKILL');
    await eventually('the server is gone', () => !server.alive);
    const { dataDir, port } = server;
    const dead = server;
    server = await startServer({ dataDir, flags: ['--workers', '1', '--port', `${port}`] });
    ann = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'member' }));
    await ann.get('room.join', { roomId: ROOM });
    await eventually(
      'both phones are in the room again',
      () => server.objects(),
      ({ participants, producers }) => participants === 3 && producers === 2,
    );
    await bothHear();
    phones = PhoneServer.beside(server, phones.sipPort);
    await endCalls();
    await server.close();
    server = dead;
  });
});
