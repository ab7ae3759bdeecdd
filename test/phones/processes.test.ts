// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import type { Baresip } from '../support/baresip.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { untilBaseline } from '../support/gauges.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { freePort } from '../support/programs.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { Bystanders } from '../support/raw-call.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const FIRST_HZ = 700;
const SECOND_HZ = 1100;

describe('the processes of the phone gateway', () => {
  it('a server whose SIP port is in use says which flag helps, and exits', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      await assert.rejects(
        TestServer.start({
          phones: true,
          flags: ['--sip-port', `${port}`],
          env: { CANOPY_SIP_HOST: '127.0.0.1' },
        }),
        new RegExp(`port ${port}: EADDRINUSE.*--sip-port.*--no-sip.*PORT_IN_USE`, 's'),
      );
    } finally {
      squatter.close();
    }
  });

  it('if a server’s gateway is killed during a call, the conference continues and phones can call again', async () => {
    const phones = await PhoneServer.start({ env: { CANOPY_LIMITS_RESUME_SECONDS: '5' } });
    const { server } = phones;
    try {
      await phones.addPhones('1001');
      await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
      const people = await Bystanders.start(
        server.url,
        await newIdentity(server, { role: 'member', displayName: 'Ann' }),
        await newIdentity(server, { role: 'member', displayName: 'Bob' }),
        ROOM,
      );
      const phone = await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: FIRST_HZ });
      try {
        phone.command('dial', phones.uri('100'));
        await phone.waitFor('CALL_ESTABLISHED');
        const killed = phones.gatewayPid;
        process.kill(killed, 'SIGKILL');
        await eventually('another gateway runs', () => phones.gatewayPid !== killed);
        await people.goOn();
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
        phone.command('dial', phones.uri('100'));
        await phone.waitFor('CALL_ESTABLISHED');
        await people.goOn();
        const metrics = await server.metrics();
        assert.equal(metrics.get('canopy_sip_gateway_restarts_total'), 1);
        assert.equal(metrics.get('canopy_sip_gateway_up'), 1);
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      } finally {
        await phone.stop();
        await people.leave();
      }
      await phones.untilIdle();
      await untilBaseline(server, undefined, 1);
    } finally {
      await phones.close();
    }
  });

  it('threat 65: a gateway with an identity of an older version gets itself one that may register', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-older-'));
    const start = () =>
      TestServer.start({
        dataDir,
        phones: true,
        flags: ['--sip-port', '0', '--sip-tls-port', '0'],
        env: { CANOPY_SIP_HOST: '127.0.0.1' },
      });
    const takesCalls = (server: TestServer) =>
      eventually(
        'phone gateway is ready',
        () => server.log,
        (log) => log.includes('phone gateway is ready'),
      );
    try {
      const newer = await start();
      await takesCalls(newer);
      await newer.close();
      // An identity as created by an older version.
      const database = new Database(join(dataDir, 'canopy.sqlite'));
      database.exec('update accounts set is_gateway = 0');
      database.close();
      const older = await start();
      await takesCalls(older);
      await older.close();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });

  describe('canopy sip, next to a server', () => {
    let server: TestServer;
    let phones: PhoneServer;

    before(async () => {
      server = await TestServer.start({ env: { CANOPY_LIMITS_RESUME_SECONDS: '5' } });
      phones = PhoneServer.beside(server, await freePort());
      await phones.addPhones('1001', '1002');
      await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    });
    after(() => server.close());

    /** Brings both phones into the room, where they hear each other. */
    async function callIn(): Promise<[Baresip, Baresip]> {
      const first = await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: FIRST_HZ });
      try {
        const second = await phones.phone('1002', { codecs: 'PCMA/8000/1', toneHz: SECOND_HZ });
        try {
          for (const phone of [first, second]) {
            phone.command('dial', phones.uri('100'));
            await phone.waitFor('CALL_ESTABLISHED');
          }
          await Promise.all([first.hears(SECOND_HZ), second.hears(FIRST_HZ)]);
          return [first, second];
        } catch (error) {
          await second.stop();
          throw error;
        }
      } catch (error) {
        await first.stop();
        throw error;
      }
    }

    it('is killed during calls: its phones leave the roster, and a new gateway continues their calls as if nothing had been', async () => {
      const people = await Bystanders.start(
        server.url,
        await newIdentity(server, { role: 'member', displayName: 'Ann' }),
        await newIdentity(server, { role: 'member', displayName: 'Bob' }),
        ROOM,
      );
      const { client } = people.ann;
      const without = await server.objects();
      const old = await GatewayProcess.start(phones);
      const [first, second] = await callIn();
      try {
        const text = await old.metrics();
        assert.match(text, /canopy_sip_active_calls\{codec="PCMU"\} 1\n/);
        assert.match(text, /canopy_sip_accepted_total\{direction="incoming",codec="PCMA"\} 1\n/);
        await old.end('SIGKILL');
        for (const name of ['Phone 1001', 'Phone 1002']) {
          const { participant } = await client.event(
            'participant.joined',
            (joined) => joined.participant.displayName === name,
          );
          const { reason } = await client.event(
            'participant.left',
            ({ participantId }) => participantId === participant.participantId,
          );
          assert.equal(reason, 'lost');
        }
        await people.goOn();
        assert.deepEqual(await server.objects(), without, 'nothing of the phones is left in the room');

        const fresh = await GatewayProcess.start(phones);
        await eventually(
          'the calls go on',
          () => fresh.log,
          (log) => log.split('call continued').length === 3,
        );
        await Promise.all([first.hears(SECOND_HZ), second.hears(FIRST_HZ)]);
        assert.deepEqual(
          (await phones.calls()).map(({ endCause }) => endCause),
          [null, null],
        );
        for (const phone of [first, second]) {
          phone.command('hangup');
          await phone.waitFor('CALL_CLOSED');
        }
        await fresh.untilIdle();
        const again = await callIn();
        await people.goOn();
        await fresh.end('SIGTERM');
        await Promise.all(again.map((phone) => phone.waitFor('CALL_CLOSED')));
        await Promise.all(again.map((phone) => phone.stop()));
        assert.deepEqual(
          (await phones.calls()).map(({ endCause }) => endCause),
          ['local', 'local', 'remote', 'remote'],
        );
        await eventually(
          'only the people are left',
          () => server.objects(),
          (objects) => JSON.stringify(objects) === JSON.stringify(without),
        );
        await people.goOn();
      } finally {
        await Promise.all([first.stop(), second.stop(), old.end()]);
        await people.leave();
      }
      await untilBaseline(server);
    });

    it('is killed: a phone on UDP rings at once when it runs again, without registering again', async () => {
      const old = await GatewayProcess.start(phones);
      const phone = await phones.phone('1001', { codecs: 'PCMU/8000/1' });
      let fresh: GatewayProcess | undefined;
      try {
        const { output } = phone;
        await old.end('SIGKILL');
        fresh = await GatewayProcess.start(phones);
        const called = await server.api<{ callId: string }>('POST', '/api/sip/calls', {
          roomId: ROOM,
          target: '1001',
        });
        await phone.waitFor('CALL_INCOMING');
        assert.doesNotMatch(
          phone.output.slice(output.length),
          /registered successfully/,
          'it did not register again',
        );
        await server.api('DELETE', `/api/sip/calls/${called.callId}`);
        await phone.waitFor('CALL_CLOSED');
        await fresh.untilIdle();
      } finally {
        await Promise.all([phone.stop(), old.end(), fresh?.end()]);
      }
    });

    it('removes the phones of a killed gateway from the roster as soon as it starts', async () => {
      const patient = await TestServer.start({ env: { CANOPY_LIMITS_RESUME_SECONDS: '3600' } });
      const other = PhoneServer.beside(patient, await freePort());
      try {
        await other.addPhones('1001');
        await other.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
        const old = await GatewayProcess.start(other);
        const phone = await other.phone('1001', { codecs: 'PCMU/8000/1' });
        try {
          phone.command('dial', other.uri('100'));
          await phone.waitFor('CALL_ESTABLISHED');
          await old.end('SIGKILL');
          const fresh = await GatewayProcess.start(other);
          await untilBaseline(patient, undefined, 1);
          await fresh.end();
        } finally {
          await Promise.all([phone.stop(), old.end()]);
        }
      } finally {
        await patient.close();
      }
    });
  });
});
