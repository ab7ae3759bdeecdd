import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { addressScope, iceCandidates } from './candidates.ts';
import { listenAddresses, offeredCandidates } from './index.ts';

const log = pino({ level: 'silent' });

describe('addressScope()', () => {
  it('tells who can reach an address', () => {
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
      'meet.example': 'name',
    };
    for (const [address, scope] of Object.entries(scopes))
      assert.equal(addressScope(address), scope, address);
  });
});

describe('iceCandidates()', () => {
  it('offers every address that is announced for a socket, in the order given', () => {
    const ofWorker = {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      ip: '203.0.113.7',
      address: '203.0.113.7',
      protocol: 'udp',
      port: 40_000,
      type: 'host',
    } as const;
    const listen = listenAddresses(['203.0.113.7', '203.0.113.8', 'meet.example']);
    const offered = iceCandidates([ofWorker], listen).filter(({ ip }) => ip !== '::');
    assert.deepEqual(
      offered.map(({ address, port }) => [address, port]),
      [
        ['203.0.113.7', 40_000],
        ['203.0.113.8', 40_000],
        ['meet.example', 40_000],
      ],
    );
    assert.ok((offered[0]?.priority ?? 0) > (offered[1]?.priority ?? 0));
  });
});

describe('offeredCandidates()', () => {
  it('reads them from a real transport, UDP before TCP, with the configured port', async () => {
    const candidates = await offeredCandidates({ rtcPort: 40_000, listen: [{ ip: '127.0.0.1' }], log });
    assert.deepEqual(
      candidates.map(({ address, protocol, port, scope, tcpType }) => ({
        address,
        protocol,
        port,
        scope,
        tcpType,
      })),
      [
        { address: '127.0.0.1', protocol: 'udp', port: 40_000, scope: 'loopback', tcpType: undefined },
        { address: '127.0.0.1', protocol: 'tcp', port: 40_000, scope: 'loopback', tcpType: 'passive' },
      ],
    );
    assert.ok((candidates[0]?.priority ?? 0) > (candidates[1]?.priority ?? 0));
  });

  it('offers what this host has by default, and announced addresses behind NAT with every protocol', async () => {
    const byDefault = await offeredCandidates({ rtcPort: 0, listen: listenAddresses(), log });
    assert.equal(byDefault.length, listenAddresses().length * 2);
    const announced = await offeredCandidates({
      rtcPort: 0,
      listen: listenAddresses(['203.0.113.7', '203.0.113.8']),
      log,
    });
    assert.deepEqual(announced.map(({ address, protocol }) => `${protocol} ${address}`).sort(), [
      'tcp 203.0.113.7',
      'tcp 203.0.113.8',
      'udp 203.0.113.7',
      'udp 203.0.113.8',
    ]);
  });
});
