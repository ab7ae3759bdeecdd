import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import JsSIP from 'jssip';
import { WebSocket } from 'ws';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { type IncomingCall, SdpSession, SipStack } from '../index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU'] as const };
const CONTACT = '<sip:bob@df7jal23ls0d.invalid;transport=ws>';

describe('phones over WebSocket', () => {
  let stack: SipStack;
  let port: number;
  const phones: RawPhone[] = [];

  const start = async (options: Partial<Parameters<typeof SipStack.create>[0]> = {}) => {
    stack = await SipStack.create({
      listen: [
        { protocol: 'ws', address: '127.0.0.1', port: 0, origins: ['https://app.example'] },
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
      ],
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'bob' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
      ...options,
    });
    port = stack.bound.find(({ protocol }) => protocol === 'ws')?.local.port ?? 0;
  };
  beforeEach(() => start());
  afterEach(async () => {
    for (const phone of phones.splice(0)) {
      phone.close();
    }
    await stack.close();
    assert.deepEqual(stack.counts, { calls: 0, dialogs: 0, transactions: 0, connections: 0 });
  });

  const newPhone = async () => {
    const phone = await RawPhone.webSocket(`ws://127.0.0.1:${port}/sip`);
    phones.push(phone);
    return phone;
  };
  /** The status with which a WebSocket is refused, or 101. */
  const status = (protocols: string[], options: { origin?: string; host?: string } = {}) =>
    new Promise<number | undefined>((resolve) => {
      const { host, ...rest } = options;
      const socket = new WebSocket(`ws://127.0.0.1:${port}/sip`, protocols, {
        ...rest,
        ...(host !== undefined && { headers: { host } }),
      });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.on('error', () => {});
    });

  it('a phone registers, is called, calls, and gets all requests of its calls on its connection', async () => {
    const phone = await newPhone();
    const registered = await phone.register('bob', `${CONTACT};+sip.instance="<urn:uuid:1>"`);
    assert.equal(registered.vias[0].transport, 'WS');

    const placed = await stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
    const answered = once(placed, 'answered');
    const invite = await phone.request('INVITE');
    assert.equal(invite.vias[0].transport, 'WS');
    assert.match(invite.headers.get('contact') ?? '', /;transport=ws>$/);
    phone.answer(invite, '200 OK', { tag: 'a', contact: CONTACT, sdp: phoneSdp() });
    await phone.request('ACK');
    await answered;
    const changed = placed.reinvite(new SdpSession().offer({ ...LOCAL, direction: 'sendonly' }));
    phone.answer(await phone.request('INVITE'), '200 OK', { contact: CONTACT, sdp: phoneSdp() });
    await phone.request('ACK');
    await changed;
    const over = placed.hangUp();
    phone.answer(await phone.request('BYE'), '200 OK');
    await over;

    const invited = once(stack, 'invite');
    const dialog = await phone.inviteAs('bob', { contact: CONTACT, sdp: phoneSdp() });
    const [call] = (await invited) as [IncomingCall];
    assert.deepEqual(call.identity, { kind: 'user', username: 'bob' });
    call.accept(new SdpSession().answer(call.offer ?? '', LOCAL).sdp);
    const accepted = await phone.response(200, 'INVITE');
    phone.within(dialog, accepted.headers.get('to'), 'ACK');
    await once(call, 'confirmed');
    const ended = call.hangUp();
    phone.answer(await phone.request('BYE'), '200 OK', { contact: CONTACT });
    await ended;
  });

  it('JsSIP registers and unregisters', async () => {
    const phone = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`ws://127.0.0.1:${port}/sip`)],
      uri: 'sip:bob@127.0.0.1',
      password: 'secret',
    });
    try {
      const registered = new Promise((resolve) => phone.on('registered', resolve));
      phone.start();
      await registered;
      const [binding] = stack.registrar.lookup('bob');
      assert.match(binding?.userAgent ?? '', /^JsSIP/);
      assert.equal(binding?.flow.protocol, 'ws');
      phone.unregister();
      await once(stack, 'registration', { signal: AbortSignal.timeout(8000) });
      assert.deepEqual(stack.registrar.lookup('bob'), []);
    } finally {
      phone.stop();
    }
  });

  it('over TLS: messages are encrypted, and a renewed certificate is used for new connections', async () => {
    const [first, second] = await Promise.all([selfSigned(), selfSigned()]);
    await stack.close();
    await start({ listen: [{ protocol: 'wss', address: '127.0.0.1', port: 0, tls: first }] });
    const url = `wss://127.0.0.1:${stack.bound[0]?.local.port}/sip`;
    const connected = async (ca: string) => {
      const socket = new WebSocket(url, 'sip', { ca });
      try {
        await once(socket, 'open');
      } finally {
        socket.terminate();
      }
    };
    await connected(first.cert);
    stack.setCertificate(second);
    await connected(second.cert);
    await assert.rejects(connected(first.cert));
    const phone = await RawPhone.webSocket(url, { ca: second.cert });
    phones.push(phone);
    await phone.register('bob', CONTACT);
    assert.equal((await stack.wayTowards({ user: 'bob' }))?.overTls, true);
    const invited = stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
    const invite = await phone.request('INVITE');
    assert.equal(invite.vias[0].transport, 'WSS');
    assert.match(invite.headers.get('contact') ?? '', /;transport=ws>$/);
    const ended = once(await invited, 'end');
    phone.answer(invite, '486 Busy Here', { tag: 'a' });
    await ended;
  });

  it('a phone is no longer called once its connection is closed, and calls in progress fail at once', async () => {
    const phone = await newPhone();
    await phone.register('bob', CONTACT);
    const call = await stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
    const ended = once(call, 'end');
    await phone.request('INVITE');
    phone.close();
    assert.equal((await ended)[0].status, 503);
    assert.deepEqual(stack.registrar.lookup('bob'), []);
    await assert.rejects(stack.invite({ user: 'bob' }, {}), { name: 'NoRouteError' });
  });

  it('keep-alives of either kind are answered, in binary and text', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'sip');
    await once(socket, 'open');
    socket.send('\r\n\r\n');
    assert.equal(String((await once(socket, 'message'))[0]), '\r\n');
    socket.send(Buffer.from('\r\n\r\n'));
    assert.equal(String((await once(socket, 'message'))[0]), '\r\n');
    socket.ping('x');
    assert.equal(String((await once(socket, 'pong'))[0]), 'x');
    socket.terminate();
    await once(socket, 'close');
  });

  it('threat 5: only the subprotocol sip is accepted, and of pages only those of this host and of permitted origins', async () => {
    assert.equal(await status(['sip']), 101);
    assert.equal(await status(['chat', 'sip']), 101);
    assert.equal(await status([]), 400);
    assert.equal(await status(['chat']), 400);
    assert.equal(await status(['sip'], { origin: 'https://app.example' }), 101);
    assert.equal(await status(['sip'], { origin: 'https://127.0.0.1:8443' }), 101);
    assert.equal(await status(['sip'], { origin: 'https://evil.example' }), 403);
    assert.equal(await status(['sip'], { origin: 'null' }), 403);
    assert.equal(
      await status(['sip'], { origin: 'https://app.example.evil.example', host: 'app.example' }),
      403,
    );
    const response = await fetch(`http://127.0.0.1:${port}/sip`);
    assert.equal(response.status, 426);
  });

  it('threat 70: strangers who send nothing, incomplete requests, too much or too many keep-alives are disconnected', async () => {
    await stack.close();
    await start({ messageMs: 200, strangerMs: 400 });
    const idle = new WebSocket(`ws://127.0.0.1:${port}`, 'sip');
    await once(idle, 'close');
    const large = new WebSocket(`ws://127.0.0.1:${port}`, 'sip');
    await once(large, 'open');
    large.send(Buffer.alloc(1 << 20));
    large.on('error', () => {});
    await once(large, 'close');
    for (const ping of [(s: WebSocket) => s.ping(), (s: WebSocket) => s.send('\r\n\r\n')]) {
      const flood = new WebSocket(`ws://127.0.0.1:${port}`, 'sip');
      await once(flood, 'open');
      for (let n = 0; n < 50; n++) {
        ping(flood);
      }
      await once(flood, 'close');
    }
  });

  it('threat 70: a source has a limited number of connections', async () => {
    await stack.close();
    await start({ maxConnectionsPerSource: 2 });
    await newPhone();
    await newPhone();
    const third = connect(port, '127.0.0.1');
    third.on('error', () => {});
    await once(third, 'close');
    assert.equal(stack.counts.connections, 2);
  });
});
