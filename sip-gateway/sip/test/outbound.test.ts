import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MemoryBindings, SdpSession, SipStack } from '../index.ts';
import { TransportLayer } from '../transport/index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU'] as const };
const OUTBOUND = ['Supported: path, outbound'];
const CONTACT = '<sip:bob@192.168.77.10:5060;ob>;+sip.instance="<urn:uuid:1>"';
/** T1 is 50 ms, so the RFC's 32 s become 3.2 s here. */
const FAST = { t1: 50, t2: 400, t4: 500 };

describe('outbound (RFC 5626)', () => {
  let stack: SipStack;
  const opened: { close(): unknown }[] = [];

  const newStack = (options: Partial<Parameters<typeof SipStack.create>[0]> = {}) =>
    SipStack.create({
      listen: (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address: '127.0.0.1', port: 0 })),
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'bob' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
      timers: FAST,
      ...options,
    });
  const portOf = (protocol: string, of = stack) =>
    of.bound.find((listener) => listener.protocol === protocol)?.local.port ?? 0;
  const phone = async (protocol: 'udp' | 'tcp' = 'tcp') => {
    const raw = await (protocol === 'udp' ? RawPhone.udp(portOf('udp')) : RawPhone.tcp(portOf('tcp')));
    opened.push(raw);
    return raw;
  };
  const call = () => stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });

  beforeEach(async () => {
    stack = await newStack();
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) {
      await each.close();
    }
    await stack.close();
    assert.equal(stack.counts.calls, 0);
  });

  describe('as the registrar', () => {
    it('keeps the flows of a phone apart and calls the latest one that works; other phones ring with it', async () => {
      const [one, two, other] = [await phone(), await phone(), await phone('udp')];
      const first = await one.register('bob', `${CONTACT};reg-id=1`, OUTBOUND);
      assert.deepEqual(first.headers.tokens('require'), ['outbound']);
      assert.equal(first.headers.get('flow-timer'), '120');
      assert.match(first.headers.get('contact') ?? '', /;\+sip\.instance="<urn:uuid:1>";reg-id=1$/);
      await two.register('bob', `${CONTACT};reg-id=2`, OUTBOUND);
      const third = await other.register(
        'bob',
        '<sip:bob@192.168.77.11>;+sip.instance="<urn:uuid:2>";reg-id=1',
        OUTBOUND,
      );
      assert.equal(third.headers.get('flow-timer'), '30');
      assert.equal(stack.registrar.lookup('bob').length, 3);

      const placed = await call();
      const answered = once(placed, 'answered');
      const invite = await two.request('INVITE');
      const ringing = await other.request('INVITE');
      other.answer(ringing, '180 Ringing', { tag: 'o' });
      assert.equal(one.count('INVITE'), 0, 'a phone rings once');
      two.answer(invite, '430 Flow Failed', { tag: 'x' });
      one.answer(await one.request('INVITE'), '200 OK', { tag: 'a', sdp: phoneSdp() });
      await one.request('ACK');
      await answered;
      other.answer(await other.request('CANCEL'), '200 OK');
      other.answer(ringing, '487 Request Terminated', { tag: 'o' });
      const over = placed.hangUp();
      one.answer(await one.request('BYE'), '200 OK');
      await over;

      two.close();
      while (stack.registrar.lookup('bob').length > 2) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const again = await call();
      const ended = once(again, 'end');
      one.answer(await one.request('INVITE'), '486 Busy Here', { tag: 'b' });
      other.answer(await other.request('INVITE'), '486 Busy Here', { tag: 'c' });
      await ended;
    });

    it('a flow replaces the earlier one with its number, and leaves alone when it unregisters', async () => {
      const [one, two, again] = [await phone(), await phone(), await phone()];
      await one.register('bob', `${CONTACT};reg-id=1`, OUTBOUND);
      await two.register('bob', `${CONTACT};reg-id=2`, OUTBOUND);
      await again.register('bob', `${CONTACT};reg-id=1`, OUTBOUND);
      const flows = () =>
        stack.registrar.lookup('bob').map(({ regId, flow }) => [regId, flow.remote.port] as const);
      assert.deepEqual(
        new Map(flows()),
        new Map([
          [1, again.port],
          [2, two.port],
        ]),
      );
      await two.register('bob', `${CONTACT};reg-id=2;expires=0`, OUTBOUND);
      assert.deepEqual(flows(), [[1, again.port]]);
      // A phone that has lost its support for it.
      await one.register('bob', CONTACT);
      assert.deepEqual(flows(), [[undefined, one.port]]);
    });

    it('ignores a reg-id without support, instance or a valid number, and refuses two in one request', async () => {
      const raw = await phone();
      for (const [contact, headers] of [
        [`${CONTACT};reg-id=1`, []],
        ['<sip:bob@192.168.77.12>;reg-id=1', OUTBOUND],
        [`${CONTACT};reg-id=0`, OUTBOUND],
        [`${CONTACT};reg-id=x`, OUTBOUND],
      ] as const) {
        const response = await raw.register('bob', contact, [...headers]);
        assert.equal(response.headers.has('require'), false, contact);
      }
      assert.deepEqual(
        stack.registrar.lookup('bob').map(({ regId }) => regId),
        [undefined, undefined],
      );
      await raw.register('bob', `${CONTACT};reg-id=1, <sip:bob@192.168.77.13>`, OUTBOUND, 400);
    });

    it('requests to a phone behind proxies have their Path as Route, and a proxy next to it must support outbound', async () => {
      const edge = await phone('udp');
      const far = 'Via: SIP/2.0/UDP 192.168.77.10:5060;branch=z9hG4bKfar';
      const path = ['Path: <sip:p2.example;lr>', 'Path: <sip:token@p1.example;lr;ob>'];
      const accepted = await edge.register('bob', `${CONTACT};reg-id=1`, [...OUTBOUND, far, ...path]);
      assert.deepEqual(accepted.headers.all('path'), ['<sip:p2.example;lr>', '<sip:token@p1.example;lr;ob>']);
      assert.deepEqual(accepted.headers.tokens('require'), ['outbound']);
      assert.equal(accepted.headers.has('flow-timer'), false, 'that is between the phone and its proxy');
      const placed = await call();
      const invite = await edge.request('INVITE');
      assert.deepEqual(invite.headers.all('route'), ['<sip:p2.example;lr>', '<sip:token@p1.example;lr;ob>']);
      const ended = once(placed, 'end');
      edge.answer(invite, '486 Busy Here', { tag: 'a' });
      await ended;
      for (const without of [[], ['Path: <sip:p2.example;lr;ob>', 'Path: <sip:p1.example;lr>']]) {
        await edge.register('bob', `${CONTACT};reg-id=1`, [...OUTBOUND, far, ...without], 439);
      }
      const long = Array.from({ length: 9 }, () => 'Path: <sip:p.example;lr>');
      await edge.register('bob', CONTACT, [far, ...long], 400);
    });

    it('threat 61: answers STUN of sources that have logged in, and no other', async () => {
      const raw = await phone('udp');
      const transport = await TransportLayer.create({
        listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      });
      opened.push(transport);
      const flow = transport.flowTo({ protocol: 'udp', address: '127.0.0.1', port: portOf('udp') });
      assert.ok(flow);
      const silence = new Promise<string>((resolve) => setTimeout(resolve, 300, 'silence'));
      assert.equal(await Promise.race([transport.mappedAddress(flow), silence]), 'silence');
      await raw.register('bob', CONTACT);
      assert.equal(await transport.mappedAddress(flow), `7f000001 ${transport.bound[0]?.local.port}`);
    });

    it('closes a connection whose keep-alives stop, after they have begun', async () => {
      // The interval is 120 s; here the connection is told another one directly.
      const raw = await phone();
      await raw.register('bob', `${CONTACT};reg-id=1`, OUTBOUND);
      const flow = stack.registrar.lookup('bob')[0]?.flow;
      flow?.expectPings?.(100);
      assert.equal(flow?.open, true);
      raw.sendBytes('\r\n\r\n');
      await new Promise<void>((resolve) => flow?.onClose(() => resolve()));
      assert.deepEqual(stack.registrar.lookup('bob'), []);
    });
  });

  describe('as a client', () => {
    it('registers at another Canopy with instance and reg-id, and unregisters', async () => {
      const store = new MemoryBindings();
      const pbx = await newStack({ registrar: { store } });
      opened.push(pbx);
      const registration = stack.register({
        registrar: `sip:127.0.0.1:${portOf('tcp', pbx)};transport=tcp`,
        address: 'sip:bob@canopy.test',
        credentials: { username: 'bob', password: 'secret', realm: 'canopy.test' },
      });
      await once(registration, 'registered');
      const [binding] = store.get('bob');
      assert.equal(binding?.regId, 1);
      assert.match(binding?.instance ?? '', /^"<urn:uuid:[0-9a-f-]{36}>"$/);
      assert.equal(binding?.instance, `"<${registration.save(1).instance}>"`);
      await registration.close();
      assert.deepEqual(store.get('bob'), []);
    });

    it('sends keep-alives at the interval that the registrar names, and registers again when the flow has failed', async () => {
      const pings = new EventEmitter<{ ping: [Socket] }>();
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (bytes) => {
          const text = bytes.toString();
          if (text === '\r\n\r\n') {
            pings.emit('ping', socket);
            return;
          }
          const copied = text
            .split('\r\n')
            .filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Contact):/.test(line));
          const granted = ['Require: outbound', 'Flow-Timer: 1', 'Expires: 600', 'Content-Length: 0'];
          socket.write(['SIP/2.0 200 OK', ...copied, ...granted, '', ''].join('\r\n'));
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      opened.push({ close: () => server.close() });
      const own = await newStack({ random: () => 0 });
      opened.push(own);
      const { port } = server.address() as AddressInfo;
      const registration = own.register({
        registrar: `sip:127.0.0.1:${port};transport=tcp`,
        address: 'sip:bob@canopy.test',
      });
      const [socket] = await once(pings, 'ping', { signal: AbortSignal.timeout(8000) });
      socket.write('\r\n');
      await once(pings, 'ping', { signal: AbortSignal.timeout(8000) });
      const again = once(registration, 'registered', { signal: AbortSignal.timeout(8000) });
      socket.destroy();
      await again;
    });

    it('closes a connection whose peer answers no keep-alive', async () => {
      const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      opened.push({ close: () => server.close() });
      const { port } = server.address() as AddressInfo;
      const transport = await TransportLayer.create({ listen: [] });
      opened.push(transport);
      const flow = transport.flowTo({ protocol: 'tcp', address: '127.0.0.1', port });
      flow?.ping?.();
      flow?.ping?.(50);
      const error = await new Promise<Error | undefined>((resolve) => flow?.onClose(resolve));
      assert.match(error?.message ?? '', /keep-alives/);
    });

    it('over UDP: keeps its flow by STUN', async () => {
      const pbx = await newStack();
      opened.push(pbx);
      const registration = stack.register({
        registrar: `sip:127.0.0.1:${portOf('udp', pbx)}`,
        address: 'sip:bob@canopy.test',
        credentials: { username: 'bob', password: 'secret', realm: 'canopy.test' },
      });
      await once(registration, 'registered');
      const transport = await TransportLayer.create({
        listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      });
      opened.push(transport);
      const flow = transport.flowTo({ protocol: 'udp', address: '127.0.0.1', port: portOf('udp', pbx) });
      assert.ok(flow);
      assert.equal(await transport.mappedAddress(flow), `7f000001 ${transport.bound[0]?.local.port}`);
    });
  });
});
