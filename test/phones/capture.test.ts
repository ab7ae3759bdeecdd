// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { TracedMessage } from '../../contract/index.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { freePort } from '../support/programs.ts';
import { eventually } from '../support/wait.ts';

/** Whether another program has bound this UDP port. */
async function isBound(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}

it('a capture server (sngrep) gets every SIP message of an encrypted call over TLS, and the API shows those of the call, without its secrets', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'canopy-capture-'));
  const file = join(folder, 'messages.pcap');
  const port = await freePort();
  const captor = spawn('sngrep', ['-N', '-q', '-L', `udp:127.0.0.1:${port}`, '-O', file], {
    stdio: 'ignore',
    env: { ...process.env, HOME: folder },
  });
  const ended = once(captor, 'exit');
  const server = await PhoneServer.start({
    flags: ['--workers', '1'],
    env: { CANOPY_SIP_HEP_HOST: '127.0.0.1', CANOPY_SIP_HEP_PORT: `${port}` },
  });
  try {
    await eventually('sngrep listens', () => isBound(port));
    await server.addPhone('1001', { srtp: 'required' });
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
    const phone = await server.phone('1001', {
      codecs: 'PCMU/8000/1',
      protocol: 'tls',
      account: ';mediaenc=srtp-mand',
    });
    phone.command('dial', server.uri('100', 'tls'));
    await phone.waitFor('CALL_ESTABLISHED');
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
    await phone.stop();
    const [call] = await server.calls();
    const { messages } = await server.server.api<{ messages: TracedMessage[] }>(
      'GET',
      `/api/sip/calls/${call?.callId}/trace`,
    );
    const captured = await eventually(
      'all messages are captured',
      () => readFile(file, 'latin1'),
      (text) =>
        /\r\nCSeq: \d+ BYE\r\n/i.test(text) &&
        /SIP\/2\.0 200 [^\r]*\r\n(?:[^\r]+\r\n)*CSeq: \d+ BYE/i.test(text),
    );
    for (const message of [
      'REGISTER sip:',
      'SIP/2.0 401 ',
      'INVITE sip:100@',
      'SIP/2.0 180 ',
      'ACK sip:',
      'BYE sip:',
    ]) {
      assert.ok(captured.includes(message), message);
    }
    const trace = messages.map(({ text }) => text).join('\n');
    for (const message of ['INVITE sip:100@', 'SIP/2.0 401 ', 'SIP/2.0 200 ', 'ACK sip:', 'BYE sip:']) {
      assert.ok(trace.includes(message), message);
    }
    const secrets = [...(captured + trace).matchAll(/inline:([^|\r]+)|\bresponse="([^"]+)"/g)].map(
      ([, key, response]) => key ?? response ?? '',
    );
    assert.ok(secrets.length >= 4, 'both ends’ keys, and answers to challenges');
    assert.deepEqual(
      secrets.filter((secret) => !/^x+$/.test(secret)),
      [],
    );
  } finally {
    await server.close();
    captor.kill();
    await ended;
    await rm(folder, { recursive: true });
  }
});
