// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { MediaCall } from '../support/media-call.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { Stranger } from '../support/stranger.ts';
import { askedFragment, type BindingRequestOptions, bindingRequest, parseAnswer } from '../support/stun.ts';

const FLOOD_PACKETS = 50_000;
const REPLAYS = 1000;

describe('threat 10: STUN', () => {
  let relayed: RelayedServer;
  let call: MediaCall;
  let vanished: RawPeer;
  let vanishedAtMs: number;
  /** Requests of the call's clients, as a man in the middle would capture them. */
  const requests: Buffer[] = [];
  const opened: Stranger[] = [];

  before(async () => {
    relayed = await RelayedServer.start();
    const { server, relay } = relayed;
    relay.filter = (packet) => {
      if (askedFragment(packet) !== undefined) {
        requests.push(Buffer.from(packet));
      }
      return true;
    };
    call = await MediaCall.start(server, 'team');
    const hers = await relayed.newcomers(async () => {
      vanished = await RawPeer.enter(server.url, await newIdentity(server), 'elsewhere');
    });
    assert.equal(hers.length, 2);
    relay.filter = (_packet, _towards, client) => !hers.includes(client);
    vanishedAtMs = performance.now();
  });
  after(async () => {
    for (const stranger of opened) {
      stranger.close();
    }
    await call.leave();
    await vanished.leave();
    await relayed.close();
  });

  async function stranger(): Promise<Stranger> {
    const socket = await Stranger.open(relayed.worker);
    opened.push(socket);
    return socket;
  }

  /** The answer to a request from a stranger for a transport of the call. */
  async function answer(options: Partial<BindingRequestOptions>) {
    const usernameFragment = askedFragment(requests[0] as Buffer) ?? '';
    const reply = await (await stranger()).ask(bindingRequest({ usernameFragment, ...options }));
    return reply && parseAnswer(reply);
  }

  it('threat 10: a request for an unknown transport gets no answer', async () => {
    assert.equal(await answer({ usernameFragment: 'nobody' }), undefined);
    assert.equal(await answer({ usernameFragment: 'nobody', password: 'secret' }), undefined);
    await call.goesOn();
  });

  it('threat 10: requests without MESSAGE-INTEGRITY, or with a wrong one, are refused and change nothing', async () => {
    assert.equal((await answer({}))?.errorCode, 400);
    assert.equal((await answer({ password: 'secret' }))?.errorCode, 401);
    await call.goesOn();
  });

  it('threat 10: a request with the wrong ICE role is refused with 487', async () => {
    const { iceParameters } = vanished.send.info;
    const conflict = await answer({ ...iceParameters, role: 'controlled' });
    assert.equal(conflict?.errorCode, 487);
    await call.goesOn();
  });

  it(`threat 10: ${FLOOD_PACKETS} requests of five kinds do not end a call`, async (t) => {
    const usernameFragment = askedFragment(requests[0] as Buffer) ?? '';
    const kinds: Array<(index: number) => Buffer> = [
      () => bindingRequest({ usernameFragment }),
      () => bindingRequest({ usernameFragment, password: 'secret' }),
      (index) => bindingRequest({ usernameFragment: `nobody${index}`, password: 'secret' }),
      // Announces more bytes than it contains.
      () => bindingRequest({ usernameFragment }).subarray(0, 40),
      () => Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(52)]),
    ];
    const socket = await stranger();
    let sentBytes = 0;
    const make = (index: number): Buffer => {
      const packet = kinds[index % kinds.length]?.(index) as Buffer;
      sentBytes += packet.length;
      return packet;
    };
    await Promise.all([socket.flood(FLOOD_PACKETS, make), call.goesOn()]);
    await call.goesOn();
    const receivedBytes = socket.received.reduce((sum, { length }) => sum + length, 0);
    t.diagnostic(
      `${socket.received.length} were answered with an error, ${receivedBytes} bytes for ${sentBytes}`,
    );
    assert.ok(socket.received.length > FLOOD_PACKETS / 10, 'the worker has read them');
    assert.ok(socket.received.every((packet) => parseAnswer(packet)?.class === 'error'));
    assert.ok(receivedBytes < sentBytes, 'it is no amplifier');
  });

  it(`threat 10: ${REPLAYS} replayed requests of the call, sent from another address, do not take it over`, async (t) => {
    const sockets = await Promise.all(Array.from({ length: 10 }, stranger));
    for (const socket of sockets) {
      await socket.flood(REPLAYS / sockets.length, (index) => requests[index % requests.length] as Buffer);
    }
    await call.goesOn();
    const received = sockets.flatMap((socket) => socket.received);
    const answers = received.filter((packet) => parseAnswer(packet)?.class === 'success').length;
    assert.ok(answers > 0, 'they were right requests');
    t.diagnostic(`${answers} were granted; ${received.length - answers} encrypted packets went astray`);
  });

  it('threat 10: a vanished client is detected when its consent expires', async (t) => {
    const states = [vanished.send, vanished.recv].map(({ info }) =>
      vanished.client.event(
        'transport.state',
        ({ transportId, state }) => transportId === info.transportId && state === 'disconnected',
      ),
    );
    await Promise.all(states);
    t.diagnostic(
      `noticed after ${((performance.now() - vanishedAtMs) / 1000).toFixed(1)} s (RFC 7675: 30 s)`,
    );
    await call.goesOn();
  });
});
