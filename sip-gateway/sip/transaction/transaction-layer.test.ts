import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SipPeer } from '../../../test/support/sip-peer.ts';
import { tagOf } from '../message/index.ts';
import { TransportLayer } from '../transport/index.ts';
import { systemClock } from './clock.ts';
import { DEFAULT_TIMERS } from './timers.ts';
import { TransactionLayer } from './transaction-layer.ts';

/** The tag of the only dialog. */
const OURS = 'ours';

describe('TransactionLayer', () => {
  let transport: TransportLayer;
  let layer: TransactionLayer;
  let peers: SipPeer[];

  beforeEach(async () => {
    peers = [];
    transport = await TransportLayer.create({ listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] });
    layer = new TransactionLayer(transport, {
      clock: systemClock,
      timers: DEFAULT_TIMERS,
      inDialog: (request) => tagOf(request.to) === OURS,
      maxServerTransactions: 40,
    });
  });
  afterEach(async () => {
    for (const peer of peers) {
      peer.close();
    }
    layer.close();
    await transport.close();
  });

  async function peerAt(address: string): Promise<SipPeer> {
    const peer = await SipPeer.open(address, transport.bound[0]?.local.port ?? 0);
    peers.push(peer);
    return peer;
  }

  /** Uses up one source's transactions with requests that nobody answers. */
  async function fill(peer: SipPeer): Promise<void> {
    const before = layer.size.servers;
    for (let count = 0; count < 12; count++) {
      peer.send(peer.request('OPTIONS'));
    }
    const refusal = await peer.waitFor((text) => text.startsWith('SIP/2.0 503'));
    assert.match(refusal, /Retry-After: 5/);
    assert.equal(layer.size.servers, before + 10);
  }

  it('threat 56: gives each source at most a quarter of the capacity', async () => {
    await fill(await peerAt('127.0.0.20'));
    const other = await peerAt('127.0.0.21');
    other.send(other.request('OPTIONS'));
    await once(layer, 'request');
  });

  it('threat 56: never refuses a request in a dialog, or a CANCEL of a pending INVITE, for lack of capacity', async () => {
    const caller = await peerAt('127.0.0.20');
    const invited = once(layer, 'invite');
    caller.send(caller.request('INVITE', { callId: 'rings', branch: 'z9hG4bKrings' }));
    await invited;
    const others = ['127.0.0.21', '127.0.0.22', '127.0.0.23'];
    for (const address of others) {
      await fill(await peerAt(address));
    }
    for (let count = 0; count < 9; count++) {
      caller.send(caller.request('OPTIONS'));
    }
    assert.match(await caller.ask('OPTIONS'), /^SIP\/2\.0 503/);
    assert.equal(layer.size.servers, 40);

    const received = once(layer, 'request');
    caller.send(caller.request('BYE', { toTag: OURS }));
    await received;
    const cancelled = once(layer, 'cancel');
    caller.send(caller.request('CANCEL', { callId: 'rings', branch: 'z9hG4bKrings' }));
    await cancelled;
  });
});
