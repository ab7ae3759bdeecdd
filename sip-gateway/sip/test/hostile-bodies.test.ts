import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { SdpSession, SipStack } from '../index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
/** How long an answer may take, in milliseconds: far longer than it does. */
const PATIENCE_MS = 2000;

function nested(depth: number): string {
  const open = (level: number): string =>
    level === depth
      ? `Content-Type: application/sdp\r\n\r\n${phoneSdp()}`
      : `Content-Type: multipart/mixed;boundary=b${level}\r\n\r\n--b${level}\r\n${open(level + 1)}\r\n--b${level}--\r\n`;
  return open(1).replace(/^[^\n]*\r\n\r\n/, '');
}

const BODIES: Array<readonly [what: string, type: string, body: string]> = [
  ['60 KiB of text', 'text/plain', 'x'.repeat(60_000)],
  ['multipart nested 100 deep', 'multipart/mixed;boundary=b1', nested(100)],
  ['multipart without a boundary', 'multipart/mixed', '--\r\n--\r\n'],
  ['multipart whose boundary never occurs', 'multipart/mixed;boundary=never', 'x'.repeat(10_000)],
  ['a boundary of 2,000 characters', `multipart/mixed;boundary="${'('.repeat(2000)}"`, 'x'],
  ['2,000 parameters', `application/sdp${';a=b'.repeat(2000)}`, 'x'],
  ['10,000 lines of media', 'application/sdp', phoneSdp('m=audio 9 RTP/AVP 0\r\n'.repeat(3000))],
  ['bytes that are no text', 'application/sdp', '\u0000\u0001'.repeat(1000)],
];

describe('threat 37: hostile bodies', () => {
  let stack: SipStack;
  let trunk: RawPhone;
  let stranger: Socket;

  before(async () => {
    stack = await SipStack.create({
      listen: [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }],
      trunks: [{ id: 'trunk', uri: 'sip:127.0.0.1', peers: ['127.0.0.1'] }],
    });
    stack.on('invite', (call) => {
      const { offer } = call;
      call.accept(offer === undefined ? undefined : new SdpSession().answer(offer, LOCAL).sdp);
    });
    const port = stack.bound[0]?.local.port ?? 0;
    trunk = await RawPhone.tcp(port);
    stranger = connect(port, '127.0.0.1');
    await once(stranger, 'connect');
  });
  after(async () => {
    trunk.close();
    stranger.destroy();
    await stack.close(0);
  });

  let sequence = 0;

  /** Sends a request outside calls; returns the status of the final answer. */
  async function statusOf(method: string, type: string, body: string): Promise<number> {
    const cseq = `${++sequence} ${method}`;
    const request = [
      `${method} sip:100@127.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK${sequence}`,
      'Max-Forwards: 70',
      'From: <sip:1@127.0.0.1>;tag=f',
      'To: <sip:100@127.0.0.1>',
      `Call-ID: body-${sequence}`,
      `CSeq: ${cseq}`,
      'Contact: <sip:1@127.0.0.1>',
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ];
    let received = '';
    const answer = new Promise<number>((resolve) => {
      const listen = (bytes: Buffer) => {
        received += bytes.toString('latin1');
        const answers = received.split('\r\n\r\n').filter((text) => text.includes(`CSeq: ${cseq}\r\n`));
        const final = answers.map((text) => /SIP\/2\.0 ([2-6]\d\d) /.exec(text)?.[1]).find(Boolean);
        if (final) {
          stranger.off('data', listen);
          resolve(Number(final));
        }
      };
      stranger.on('data', listen);
    });
    stranger.write(request.join('\r\n'));
    return Promise.race([
      answer,
      setTimeout(PATIENCE_MS, 0, { ref: false }).then(() =>
        Promise.reject(new Error(`no answer to ${cseq}: ${received}`)),
      ),
    ]);
  }

  for (const [what, type, body] of BODIES) {
    it(`${what}: every request is answered, and calls go on`, async () => {
      for (const method of ['NOTIFY', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'INFO', 'INVITE']) {
        const status = await statusOf(method, type, body);
        assert.ok(method === 'INVITE' || status >= 400, `${method}: ${status}`);
      }
      const dialog = trunk.invite({ dialled: '100', sdp: phoneSdp() });
      const answer = await trunk.response(200, 'INVITE');
      const to = answer.headers.get('to');
      trunk.within(dialog, to, 'ACK', { sequence: dialog.sequence });
      trunk.within(dialog, to, 'BYE');
      await trunk.response(200, 'BYE');
    });
  }
});
