import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { freePort, listenAddresses, listenInfos, presentAddresses } from './listen.ts';

const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const reachable = own.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));

describe('listenAddresses()', () => {
  it('without announced addresses returns those of the interfaces, or loopback if there are none', () => {
    const expected =
      reachable.length > 0 ? reachable.map(({ address }) => ({ ip: address })) : [{ ip: '127.0.0.1' }];
    assert.deepEqual(listenAddresses([]), expected);
  });

  it('binds an announced local address itself', () => {
    assert.deepEqual(listenAddresses(['127.0.0.1']), [{ ip: '127.0.0.1' }]);
  });

  it("binds the family's wildcard for an address of another host (NAT), and for a local one next to it", () => {
    assert.deepEqual(listenAddresses(['203.0.113.7', '127.0.0.1', '2001:db8::7']), [
      { ip: '0.0.0.0', announcedAddress: '203.0.113.7' },
      { ip: '0.0.0.0', announcedAddress: '127.0.0.1' },
      { ip: '::', announcedAddress: '2001:db8::7' },
    ]);
  });

  it('binds 127.0.0.1 for other loopback addresses, so that something else can listen there on the same port', () => {
    assert.deepEqual(listenAddresses(['127.0.0.2']), [{ ip: '127.0.0.1', announcedAddress: '127.0.0.2' }]);
    assert.deepEqual(listenAddresses(['127.0.0.1', '127.0.0.2']), [
      { ip: '127.0.0.1', announcedAddress: '127.0.0.1' },
      { ip: '127.0.0.1', announcedAddress: '127.0.0.2' },
    ]);
    assert.deepEqual(listenAddresses(['127.0.0.2', '203.0.113.7']), [
      { ip: '0.0.0.0', announcedAddress: '127.0.0.2' },
      { ip: '0.0.0.0', announcedAddress: '203.0.113.7' },
    ]);
  });

  it('announces the addresses of a host name, and binds the wildcard even for a local one, since it may change', () => {
    const resolved = new Map([
      ['meet.example', ['203.0.113.7', '2001:db8::7']],
      ['home.example', ['127.0.0.1', reachable[0]?.address ?? '203.0.113.9']],
    ]);
    assert.deepEqual(listenAddresses(['meet.example'], resolved), [
      { ip: '0.0.0.0', announcedAddress: '203.0.113.7' },
      { ip: '::', announcedAddress: '2001:db8::7' },
    ]);
    assert.equal(listenAddresses(['home.example'], resolved)[0]?.ip, '0.0.0.0');
  });
});

describe('listenInfos()', () => {
  it('binds each address once for UDP and once for TCP, whatever is announced', () => {
    const infos = listenInfos(listenAddresses(['203.0.113.7', '203.0.113.8']), 40_000);
    assert.deepEqual(
      infos.map(({ protocol, ip, port, announcedAddress }) => ({ protocol, ip, port, announcedAddress })),
      (['udp', 'tcp'] as const).map((protocol) => ({
        protocol,
        ip: '0.0.0.0',
        port: 40_000,
        announcedAddress: '203.0.113.7',
      })),
    );
  });
});

describe('presentAddresses()', () => {
  it('omits addresses that the host no longer has, but never all', () => {
    const kept = { ip: '127.0.0.1' };
    assert.deepEqual(presentAddresses([kept, { ip: '203.0.113.7' }]), [kept]);
    assert.deepEqual(presentAddresses([{ ip: '203.0.113.7' }]), listenAddresses());
  });
});

describe('freePort()', () => {
  it('finds a port below the range of outgoing connections', async () => {
    const port = await freePort([{ ip: '127.0.0.1' }]);
    assert.ok(port >= 10_000 && port < 32_768);
  });
});
