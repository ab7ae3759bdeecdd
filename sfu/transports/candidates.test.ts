import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IceCandidate, type ListenAddress, listenAddresses } from '../index.ts';
import { startSfu } from '../test-support.ts';
import { addressScope, iceCandidates } from './candidates.ts';

describe('addressScope()', () => {
  it('determines who can reach an address', () => {
    const scopes = {
      '127.0.0.1': 'loopback',
      '::1': 'loopback',
      '10.1.2.3': 'private',
      '172.31.0.1': 'private',
      '172.32.0.1': 'public',
      '192.168.1.1': 'private',
      '100.64.0.1': 'private',
      '169.254.1.1': 'private',
      'fd00::2': 'private',
      'fe80::1': 'private',
      '203.0.113.7': 'public',
      '2001:db8::1': 'public',
    };
    for (const [address, scope] of Object.entries(scopes)) {
      assert.equal(addressScope(address), scope, address);
    }
  });
});

describe('iceCandidates()', () => {
  it('offers every address announced for a socket, in the given order', () => {
    const ofWorker = {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      ip: '203.0.113.7',
      address: '203.0.113.7',
      protocol: 'udp',
      port: 40_000,
      type: 'host',
    } as const;
    const listen = listenAddresses(['203.0.113.7', '203.0.113.8', '203.0.113.9']);
    const offered = iceCandidates([ofWorker], listen);
    assert.deepEqual(
      offered.map(({ address, port }) => [address, port]),
      [
        ['203.0.113.7', 40_000],
        ['203.0.113.8', 40_000],
        ['203.0.113.9', 40_000],
      ],
    );
    assert.ok((offered[0]?.priority ?? 0) > (offered[1]?.priority ?? 0));
    const moved = iceCandidates([ofWorker], listen, [{ ip: '0.0.0.0', announcedAddress: '198.51.100.4' }]);
    assert.deepEqual(
      moved.map(({ address, ip, port }) => [address, ip, port]),
      [['198.51.100.4', '198.51.100.4', 40_000]],
    );
  });
});

describe('the candidates of a transport', () => {
  async function offered(listen: ListenAddress[]): Promise<IceCandidate[]> {
    const sfu = await startSfu({ listen });
    try {
      await sfu.openRoom('green');
      return (await sfu.createTransport('green', 'ann', { direction: 'send' })).iceCandidates;
    } finally {
      await sfu.close();
    }
  }

  it('are every address of this host by default, over UDP and TCP, UDP preferred', async () => {
    const candidates = await offered(listenAddresses());
    assert.equal(candidates.length, listenAddresses().length * 2);
    const priorities = (wanted: string) =>
      candidates.filter(({ protocol }) => protocol === wanted).map(({ priority }) => priority);
    assert.ok(Math.min(...priorities('udp')) > Math.max(...priorities('tcp')));
  });

  it('are exactly the announced addresses, with one port', async () => {
    const candidates = await offered(listenAddresses(['203.0.113.7', '203.0.113.8']));
    assert.deepEqual(candidates.map(({ address, protocol }) => `${protocol} ${address}`).sort(), [
      'tcp 203.0.113.7',
      'tcp 203.0.113.8',
      'udp 203.0.113.7',
      'udp 203.0.113.8',
    ]);
    assert.equal(new Set(candidates.map(({ port }) => port)).size, 1);
  });

  it('follow the announced addresses, without a restart', async (t) => {
    const sfu = await startSfu({ listen: listenAddresses(['203.0.113.7']) });
    t.after(() => sfu.close());
    await sfu.openRoom('green');
    const addresses = async (peerId: string) => {
      const { iceCandidates: offer } = await sfu.createTransport('green', peerId, { direction: 'send' });
      return [...new Set(offer.map(({ address }) => address))];
    };
    assert.deepEqual(await addresses('ann'), ['203.0.113.7']);
    sfu.announce(listenAddresses(['198.51.100.4']));
    assert.deepEqual(await addresses('bob'), ['198.51.100.4']);
  });
});
