// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  ALERTS,
  alert,
  certificateChain,
  clientHello,
  fragmentedClientHello,
  helloVerifyRequest,
  isDtls,
  unfinishedClientHello,
} from '../support/dtls.ts';
import { MediaCall } from '../support/media-call.ts';
import { memoryOf } from '../support/memory.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { RawIce } from '../support/raw-ice.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { bindingRequest, parseAnswer } from '../support/stun.ts';
import { eventually } from '../support/wait.ts';

/** More than the worker keeps of anything here, and much less than what is sent. */
const MAX_GROWTH_BYTES = 8 << 20;
/** The largest datagram over IPv4, without the other attributes of a request. */
const LARGEST_NAME = 65_000;

const STUN = {
  username: 0x0006,
  /** Comprehension-required, and assigned to nothing. */
  unknownRequired: 0x7ffe,
  software: 0x8022,
  /** Of the drafts on nomination and on DTLS in STUN (SPED). */
  drafts: [0x0030, 0xc001, 0xc070, 0xc071],
} as const;

describe('threats 35 and 36: the handshakes of a participant who has no WebRTC stack', () => {
  let relayed: RelayedServer;
  let call: MediaCall;
  let workerPid: number;

  before(async () => {
    relayed = await RelayedServer.start();
    call = await MediaCall.start(relayed.server, 'team');
    workerPid = (await relayed.server.workerPids())[0] ?? 0;
  });
  after(async () => {
    await call.leave();
    await relayed.close();
  });

  /** Somebody new, whom the worker takes for the given role in DTLS. */
  async function enter(role: 'client' | 'server'): Promise<RawIce> {
    const { server, worker } = relayed;
    return RawIce.enter({ url: server.url, worker }, await newIdentity(server), 'elsewhere', role);
  }

  it('threat 35: USERNAMEs of any length, repeated and unknown attributes are refused or ignored', async () => {
    const peer = await enter('client');
    const ask = async (extra: Array<[number, Buffer]>) => {
      const answer = await peer.socket.ask(bindingRequest({ ...peer.ice, extra }));
      return answer && parseAnswer(answer)?.class;
    };
    for (const length of [1, 255, 513, 1400, 9000, LARGEST_NAME]) {
      const usernameFragment = 'x'.repeat(length);
      const answer = await peer.socket.ask(bindingRequest({ ...peer.ice, usernameFragment }));
      assert.notEqual(answer && parseAnswer(answer)?.class, 'success');
      // A second name behind the right one.
      await ask([[STUN.username, Buffer.from(usernameFragment)]]);
    }
    await ask(Array.from({ length: 1000 }, () => [STUN.software, Buffer.from('twice')]));
    await ask(Array.from({ length: 1000 }, () => [STUN.username, Buffer.from(peer.ice.usernameFragment)]));
    await ask([[STUN.unknownRequired, Buffer.alloc(8)]]);
    for (const type of STUN.drafts) {
      assert.equal(await ask([[type, Buffer.alloc(4, 1)]]), 'success', `0x${type.toString(16)} is ignored`);
      await ask([[type, Buffer.alloc(1200, 1)]]);
    }
    assert.equal((await peer.check())?.class, 'success');
    await call.goesOn();
    await peer.leave();
  });

  it('threat 36: a ClientHello in fragments of one byte is answered like any other', async () => {
    const peer = await enter('client');
    const fragments = fragmentedClientHello(1);
    await peer.socket.flood(fragments.length, (index) => fragments[index] as Buffer);
    await eventually('the server’s flight', () => peer.socket.received.some(isDtls));
    await call.goesOn();
    await peer.leave();
  });

  it('threat 36: ClientHellos that never end, and a chain of 64 KiB, do not grow the worker', async (t) => {
    const { cert } = await selfSigned();
    const chain = certificateChain(new X509Certificate(cert).raw, 65_536);
    const peers = [await enter('client'), await enter('client')] as const;
    const beforeBytes = memoryOf(workerPid);
    const [endless, chained] = peers;
    // The most that a length field can claim.
    await endless.socket.flood(5000, (index) => unfinishedClientHello(0xffffff, index));
    await chained.socket.flood(1, () => clientHello());
    await eventually('the server’s flight', () => chained.socket.received.some(isDtls));
    for (let round = 0; round < 20; round += 1) {
      await chained.socket.flood(chain.length, (index) => chain[index] as Buffer);
    }
    await call.goesOn();
    const grownBytes = memoryOf(workerPid) - beforeBytes;
    t.diagnostic(`${(grownBytes / 2 ** 20).toFixed(1)} MiB more`);
    assert.ok(grownBytes < MAX_GROWTH_BYTES);
    await Promise.all(peers.map((peer) => peer.leave()));
  });

  it('threat 36: alerts during the handshake end only that handshake', async () => {
    for (const [level, description] of [ALERTS.handshakeFailure, ALERTS.internalError, ALERTS.closeNotify]) {
      const peer = await enter('client');
      await peer.socket.flood(1, () => clientHello());
      await eventually('the server’s flight', () => peer.socket.received.some(isDtls));
      await peer.socket.flood(200, (index) => alert([level, description], index + 1));
      await call.goesOn();
      await peer.leave();
    }
  });

  it('threat 36: a server that asks for ever new cookies gets no more than one ClientHello for each', async (t) => {
    const peer = await enter('server');
    await eventually('the worker’s ClientHello', () => peer.socket.received.some(isDtls));
    const requests = 500;
    const beforeBytes = memoryOf(workerPid);
    await peer.socket.flood(requests, helloVerifyRequest);
    await call.goesOn();
    const answers = peer.socket.received.filter(isDtls).length;
    t.diagnostic(`${answers} ClientHellos for ${requests} requests`);
    // And some that it repeats because nobody goes on.
    assert.ok(answers <= requests + 10);
    assert.ok(memoryOf(workerPid) - beforeBytes < MAX_GROWTH_BYTES);
    await peer.leave();
  });
});
