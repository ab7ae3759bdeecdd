import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PhoneServer } from '../support/phone-server.ts';
import { TestServer } from '../support/server.ts';
import { freePort } from '../support/sipp.ts';
import { eventually } from '../support/wait.ts';

const CANOPY = fileURLToPath(new URL('../../bin/canopy.ts', import.meta.url));

describe('the processes of the phone gateway', () => {
  it('a server whose SIP port is taken says which flag helps, and ends', async () => {
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

  describe('canopy sip, beside a server', () => {
    let server: TestServer;
    let phones: PhoneServer;
    let metricsPort: number;

    before(async () => {
      server = await TestServer.start();
      metricsPort = await freePort();
      phones = PhoneServer.beside(server, await freePort());
      await phones.addPhones('1001', '1002');
      await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
    });
    after(() => server.close());

    function start() {
      const flags = ['--data', server.dataDir, '--sip-port', `${phones.sipPort}`, '--sip-tls-port', '0'];
      return spawn(process.execPath, [CANOPY, 'sip', ...flags, '--metrics-port', `${metricsPort}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, CANOPY_SIP_HOST: '127.0.0.1', CANOPY_SIP_SIGNALING_URL: server.url },
      });
    }

    async function metrics(): Promise<string> {
      return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    }

    it('takes calls and shows metrics; when it is killed the conference goes on, and a new one takes calls again', async () => {
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        const gateway = start();
        gateway.stdout.resume();
        await eventually('its metrics are there', () => metrics().catch(() => ''));
        const [first, second] = [
          await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: 700 }),
          await phones.phone('1002', { codecs: 'PCMA/8000/1', toneHz: 1100 }),
        ];
        try {
          for (const phone of [first, second]) {
            phone.command('dial', phones.uri('100'));
            await phone.waitFor('CALL_ESTABLISHED');
          }
          await Promise.all([first.hears(1100), second.hears(700)]);
          const text = await metrics();
          assert.match(text, /canopy_sip_active_calls\{codec="PCMU"\} 1\n/);
          assert.match(text, /canopy_sip_accepted_total\{direction="incoming",codec="PCMA"\} 1\n/);
          const gone = once(gateway, 'exit');
          gateway.kill(signal);
          await gone;
          if (signal === 'SIGTERM') await first.waitFor('CALL_CLOSED');
        } finally {
          await Promise.all([first.stop(), second.stop()]);
        }
      }
      await eventually(
        'nothing of the phones is left',
        () => server.objects(),
        ({ transports, producers, participants }) =>
          transports === 0 && producers === 0 && participants === 0,
        60_000,
      );
      const calls = await phones.calls();
      assert.equal(calls.length, 4);
      assert.ok(calls.every(({ endedAtMs }) => endedAtMs !== null));
      assert.deepEqual(new Set(calls.map(({ endCause }) => endCause)), new Set(['lost', 'local']));
    });

    it('keeps its calls while the server is killed and started anew, and brings them into the room again', async () => {
      const gateway = start();
      gateway.stdout.resume();
      await eventually('its metrics are there', () => metrics().catch(() => ''));
      const [first, second] = [
        await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: 700 }),
        await phones.phone('1002', { codecs: 'PCMU/8000/1', toneHz: 1100 }),
      ];
      try {
        for (const phone of [first, second]) {
          phone.command('dial', phones.uri('100'));
          await phone.waitFor('CALL_ESTABLISHED');
        }
        await Promise.all([first.hears(1100), second.hears(700)]);
        process.kill(server.pid, 'SIGKILL');
        await eventually('the server is gone', () => !server.alive);
        const again = await TestServer.start({
          dataDir: server.dataDir,
          flags: ['--port', `${server.port}`],
        });
        try {
          await eventually(
            'both phones are in the room again',
            () => again.objects(),
            ({ participants, producers }) => participants === 2 && producers === 2,
            60_000,
          );
          await Promise.all([first.hears(1100), second.hears(700)]);
          const { calls } = await again.api<{ calls: Array<{ endedAtMs: number | null }> }>(
            'GET',
            '/api/sip/calls',
          );
          assert.equal(calls.filter(({ endedAtMs }) => endedAtMs === null).length, 2);
          for (const phone of [first, second]) {
            phone.command('hangup');
            await phone.waitFor('CALL_CLOSED');
          }
        } finally {
          await again.close();
        }
      } finally {
        await Promise.all([first.stop(), second.stop()]);
        const gone = once(gateway, 'exit');
        gateway.kill('SIGTERM');
        await gone;
      }
    });
  });
});
