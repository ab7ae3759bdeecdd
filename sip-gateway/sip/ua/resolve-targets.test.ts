import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DnsServer } from '../../../test/support/dns-server.ts';
import { parseUri } from '../message/index.ts';
import { resolveTargets } from './resolve-targets.ts';
import { weightedOrder } from './weighted-order.ts';

describe('resolveTargets()', () => {
  let dns: DnsServer;

  before(async () => {
    dns = await DnsServer.start();
    for (const last of [1, 2, 3]) {
      dns.a(`h${last}.test`, `192.0.2.${last}`);
    }
    dns.naptr('naptr.test', 20, 'SIP+D2U', '_sip._udp.naptr.test');
    dns.naptr('naptr.test', 10, 'SIPS+D2T', '_sips._tcp.naptr.test');
    dns.naptr('naptr.test', 5, 'SIP+D2S', '_sip._sctp.naptr.test');
    dns.naptr('naptr.test', 30, 'sip+d2t', 'h3.test', 'A');
    dns.srv('_sip._udp.naptr.test', 'h1.test', 5070);
    dns.srv('_sips._tcp.naptr.test', 'h2.test', 5071);
    dns.srv('_sip._udp.srv.test', 'h2.test', 5080, 20);
    dns.srv('_sip._udp.srv.test', 'h1.test', 5081, 10);
    dns.srv('_sip._tcp.srv.test', 'h3.test', 5082);
    dns.srv('_sip._udp.none.test', '.', 0);
    dns.srv('_sip._tcp.none.test', 'h3.test', 5083);
    dns.a('plain.test', '192.0.2.9');
  });
  after(() => dns.close());

  const resolved = async (uri: string, without: string[] = []) => {
    const targets = await resolveTargets(parseUri(uri), {
      usable: (protocol) => !without.includes(protocol),
      dns: dns.lookups,
      random: () => 0,
    });
    return targets.map(({ protocol, address, port }) => `${protocol} ${address}:${port}`);
  };

  for (const [uri, expected, without] of [
    ['sip:naptr.test', ['tls 192.0.2.2:5071', 'udp 192.0.2.1:5070', 'tcp 192.0.2.3:5060']],
    ['sip:naptr.test', ['udp 192.0.2.1:5070', 'tcp 192.0.2.3:5060'], ['tls']],
    ['sip:naptr.test;transport=udp', ['udp 192.0.2.1:5070']],
    ['sips:naptr.test', ['tls 192.0.2.2:5071']],
    ['sip:srv.test', ['udp 192.0.2.1:5081', 'udp 192.0.2.2:5080']],
    ['sip:srv.test', ['tcp 192.0.2.3:5082'], ['udp']],
    ['sip:srv.test;transport=tcp', ['tcp 192.0.2.3:5082']],
    ['sip:none.test', ['tcp 192.0.2.3:5083']],
    ['sip:plain.test', ['udp 192.0.2.9:5060']],
    ['sips:plain.test', ['tls 192.0.2.9:5061']],
    ['sip:plain.test:5099', ['udp 192.0.2.9:5099']],
    ['sip:srv.test:5099', []],
    ['sip:192.0.2.7', ['udp 192.0.2.7:5060']],
    ['sip:missing.test', []],
    ['sip:plain.test;transport=ws', []],
  ] as Array<[string, string[], string[]?]>) {
    it(`${uri}${without ? `, without ${without}` : ''}: ${expected.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await resolved(uri, without), expected);
    });
  }

  it('asks for no records that the URI makes needless (RFC 3263 §4.1, §4.2)', async () => {
    dns.asked.length = 0;
    await resolved('sip:192.0.2.7');
    assert.deepEqual(dns.asked, []);
    await resolved('sip:plain.test:5099');
    assert.deepEqual(dns.asked, ['A plain.test']);
    dns.asked.length = 0;
    await resolved('sip:srv.test;transport=tcp');
    assert.deepEqual(dns.asked, ['SRV _sip._tcp.srv.test', 'A h3.test']);
  });

  it('weights are shares of calls, and those without weight come after most', () => {
    const targets = [
      { name: 'a', priority: 1, weight: 30 },
      { name: 'b', priority: 1, weight: 10 },
      { name: 'c', priority: 1, weight: 0 },
      { name: 'd', priority: 0, weight: 0 },
    ];
    const firsts = new Map<string | undefined, number>();
    const rounds = 4100;
    for (let round = 0; round < rounds; round += 1) {
      // Evenly spread instead of at random, so that the shares are exact.
      const order = weightedOrder(targets, () => (round + 0.5) / rounds).map(({ name }) => name);
      assert.equal(order[0], 'd');
      firsts.set(order[1], (firsts.get(order[1]) ?? 0) + 1);
      assert.equal(new Set(order).size, 4);
    }
    assert.deepEqual(
      firsts,
      new Map([
        ['c', 100],
        ['b', 1000],
        ['a', 3000],
      ]),
    );
  });
});
