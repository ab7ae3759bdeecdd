import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { bindingRequest, parseAnswer } from '../../../test/support/stun.ts';
import {
  Attribute,
  Binding,
  isAuthentic,
  readStun,
  uint32,
  writeStun,
  xorMappedAddress,
} from '../../stun/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import { IceAgent, type IceComponent, type IceParameters } from './index.ts';

/** The samples of RFC 5769. */
const TRANSACTION = 'b7e7a701bc34d686fa87dfae';
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const REQUEST = `000100582112a442${TRANSACTION}802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf`;
const RESPONSE_4 = `0101003c2112a442${TRANSACTION}8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96`;
const RESPONSE_6 = `010100482112a442${TRANSACTION}8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c`;

const own = { usernameFragment: 'ours', password: 'a-password-of-ours-0123' };
const PARAMETERS: IceParameters = {
  ...own,
  remoteUsernameFragment: 'test',
  remotePassword: 'a-password-of-the-phone',
  controlling: false,
  candidates: [{ component: 1, priority: 2_000_000_000, address: '192.0.2.1', port: 4000 }],
};
const HOST = { address: '192.0.2.1', port: 4000 };
const OTHER = { address: '192.0.2.9', port: 5000 };

function agent(parameters: Partial<IceParameters> = {}) {
  const sent: Array<{ datagram: Buffer; target: Endpoint; component: IceComponent }> = [];
  const selected: Array<Endpoint & { component: IceComponent }> = [];
  const ice = new IceAgent({
    parameters: { ...PARAMETERS, ...parameters },
    hasRtcp: true,
    send: (datagram, target, component) => sent.push({ datagram: Buffer.from(datagram), target, component }),
    onSelected: (target, component) => selected.push({ ...target, component }),
  });
  return { ice, sent, selected };
}

/** A check as another implementation writes it. */
const check = (options: Partial<Parameters<typeof bindingRequest>[0]> = {}) =>
  bindingRequest({ ...own, ...options });

function request(attributes: Array<readonly [number, Uint8Array]>, password = own.password): Buffer {
  const username = [Attribute.username, Buffer.from('ours:test')] as const;
  return writeStun({
    type: Binding.request,
    transactionId: randomBytes(12),
    attributes: [username, ...attributes],
    password,
  });
}

const nomination = (priority: number) =>
  request([
    [Attribute.priority, uint32(priority)],
    [Attribute.iceControlling, randomBytes(8)],
    [Attribute.useCandidate, Buffer.alloc(0)],
  ]);

describe('STUN messages', () => {
  it('read as in the samples of RFC 5769', () => {
    for (const sample of [REQUEST, RESPONSE_4, RESPONSE_6]) {
      const message = readStun(Buffer.from(sample, 'hex'));
      assert.ok(message);
      assert.equal(message.transactionId.toString('hex'), TRANSACTION);
      assert.equal(isAuthentic(message, PASSWORD), true);
      assert.equal(isAuthentic(message, `${PASSWORD}x`), false);
    }
    const { attributes, type } = readStun(Buffer.from(REQUEST, 'hex')) ?? assert.fail();
    assert.equal(type, Binding.request);
    assert.equal(attributes.get(Attribute.username)?.toString(), 'evtj:h6vY');
    assert.equal(attributes.get(Attribute.priority)?.readUInt32BE(), 0x6e0001ff);
  });

  it('carry mapped addresses of both families as in RFC 5769', () => {
    const transactionId = Buffer.from(TRANSACTION, 'hex');
    for (const [sample, address] of [
      [RESPONSE_4, '192.0.2.1'],
      [RESPONSE_6, '2001:db8:1234:5678:11:2233:4455:6677'],
    ] as const) {
      const { attributes } = readStun(Buffer.from(sample, 'hex')) ?? assert.fail();
      const mapped = xorMappedAddress({ address, port: 32_853 }, transactionId);
      assert.deepEqual(mapped, attributes.get(Attribute.xorMappedAddress));
    }
    const short = xorMappedAddress({ address: '::1', port: 1 }, Buffer.alloc(12));
    assert.equal(short.subarray(8).toString('hex'), '000000000000000000000001');
    const mapped = xorMappedAddress({ address: '::ffff:1.2.3.4', port: 1 }, Buffer.alloc(12));
    assert.equal(mapped.subarray(8).toString('hex'), '000000000000ffff01020304');
  });
});

describe('ICE towards a phone that checks', () => {
  it('answers a check and selects the address that the phone nominates', () => {
    const { ice, sent, selected } = agent();
    const transactionId = randomBytes(12);
    assert.equal(ice.isChecked, false);
    assert.equal(ice.receive(check({ transactionId, nominates: false }), OTHER, 1, 0), true);
    const answer = sent[0] ?? assert.fail();
    assert.deepEqual(answer.target, OTHER);
    assert.deepEqual(parseAnswer(answer.datagram), { class: 'success', transactionId });
    const message = readStun(answer.datagram);
    assert.ok(message && isAuthentic(message, own.password));
    assert.deepEqual(
      message.attributes.get(Attribute.xorMappedAddress),
      xorMappedAddress(OTHER, transactionId),
    );
    assert.deepEqual([ice.isChecked, selected], [true, []]);
    ice.receive(check(), OTHER, 1, 10);
    assert.deepEqual(selected, [{ ...OTHER, component: 1 }]);
    assert.deepEqual(
      [ice.admits(OTHER, 1, 20), ice.admits(HOST, 1, 20), ice.admits(OTHER, 2, 20)],
      [true, false, false],
    );
  });

  it('with aggressive nomination, uses the best address, and another one once that is silent', () => {
    const { ice, selected } = agent();
    ice.receive(nomination(1_500_000_000), OTHER, 1, 0);
    // A candidate in the SDP has the priority stated there.
    ice.receive(nomination(1), HOST, 1, 10);
    ice.receive(nomination(1_600_000_000), OTHER, 1, 20);
    const ports = () => selected.map(({ port }) => port);
    assert.deepEqual(ports(), [OTHER.port, HOST.port]);
    ice.admits(HOST, 1, 1_900);
    ice.receive(nomination(1_600_000_000), OTHER, 1, 3_800);
    assert.deepEqual(ports(), [OTHER.port, HOST.port]);
    ice.receive(nomination(1_600_000_000), OTHER, 1, 3_900);
    assert.deepEqual(ports(), [OTHER.port, HOST.port, OTHER.port]);
  });

  it('refuses what it must: 487 for a phone that claims to be controlled, 420 for an unknown attribute', () => {
    const { ice, sent, selected } = agent();
    ice.receive(check({ role: 'controlled' }), OTHER, 1, 0);
    ice.receive(request([[0x7fff, Buffer.alloc(3)]]), OTHER, 1, 0);
    assert.deepEqual(
      sent.map(({ datagram }) => parseAnswer(datagram)?.errorCode),
      [487, 420],
    );
    assert.deepEqual([ice.isChecked, selected], [false, []]);
  });

  it('threat 21: a request that is not authentic gets no answer and has no effect', () => {
    const { ice, sent } = agent();
    const { password: _, ...anonymous } = own;
    const noFingerprint = check().subarray(0, -8);
    noFingerprint.writeUInt16BE(noFingerprint.length - 20, 2);
    for (const [why, datagram] of Object.entries({
      'wrong password': check({ password: 'wrong' }),
      'no integrity': bindingRequest(anonymous),
      'the name of another session': check({ usernameFragment: 'others' }),
      'no fingerprint': noFingerprint,
      'a response': Buffer.from(RESPONSE_4, 'hex'),
      'an attribute after the integrity': afterIntegrity(),
      empty: Buffer.alloc(0),
      'only a header': Buffer.from(`000100002112a442${TRANSACTION}`, 'hex'),
    })) {
      assert.equal(ice.receive(datagram, OTHER, 1, 0), why === 'an attribute after the integrity', why);
    }
    // The last one is authentic, but does not nominate: USE-CANDIDATE is not protected.
    assert.equal(sent.length, 1);
    assert.equal(ice.selected(1), undefined);
  });

  it('threat 21: no change of a bit in a check, and no random datagram, selects an address', () => {
    const { ice, sent } = agent();
    const valid = check();
    for (let bit = 0; bit < valid.length * 8; bit++) {
      const changed = Buffer.from(valid);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(ice.receive(changed, OTHER, 1, bit * 100), false, `bit ${bit}`);
    }
    for (let length = 0; length < valid.length; length++) {
      ice.receive(valid.subarray(0, length), OTHER, 1, 1e6 + length * 100);
    }
    for (let round = 0; round < 20_000; round++) {
      const random = randomBytes(randomInt(80));
      // Otherwise nearly all fail at the first test.
      Buffer.from('000100002112a442', 'hex').copy(random);
      if (random.length >= 4) {
        random.writeUInt16BE(Math.max(0, random.length - 20), 2);
      }
      ice.receive(random, OTHER, 1, 1e7 + round);
    }
    assert.deepEqual([sent.length, ice.isChecked], [0, false]);
    assert.equal(ice.receive(valid, OTHER, 1, 1e9), true);
  });

  it('threat 33: a flood of requests with its name costs no more than 50 verifications a second', () => {
    const { ice } = agent();
    const forged = check({ password: 'wrong' });
    const started = process.cpuUsage();
    for (let n = 0; n < 20_000; n++) {
      ice.receive(forged, OTHER, 1, n / 100);
    }
    const { user } = process.cpuUsage(started);
    // About 2 us each; with an HMAC each it would be six times as much.
    assert.ok(user / 20_000 < 10, `${user / 20_000} us per packet`);
    assert.equal(ice.isChecked, false);
  });

  it('keeps at most 16 checked addresses, and always the selected one', () => {
    const { ice } = agent();
    ice.receive(check(), HOST, 1, 0);
    for (let port = 1; port <= 40; port++) {
      ice.receive(check({ nominates: false }), { address: '192.0.2.7', port }, 1, port * 100);
    }
    const kept = Array.from({ length: 41 }, (_, port) =>
      ice.admits({ address: '192.0.2.7', port }, 1, 5_000),
    ).filter(Boolean).length;
    assert.equal(kept, 15);
    assert.equal(ice.admits(HOST, 1, 5_000), true);
  });
});

describe('ICE towards an ICE-lite phone', () => {
  const lite: IceParameters = {
    ...PARAMETERS,
    usernameFragment: 'test',
    password: PARAMETERS.remotePassword,
    remoteUsernameFragment: own.usernameFragment,
    remotePassword: own.password,
  };
  const candidates = [
    { component: 1 as const, priority: 100, address: '192.0.2.1', port: 1 },
    { component: 1 as const, priority: 300, address: '192.0.2.1', port: 3 },
    { component: 1 as const, priority: 200, address: '192.0.2.1', port: 2 },
    { component: 2 as const, priority: 10, address: '192.0.2.1', port: 4 },
  ];

  it('checks its candidates, best first, and nominates the best that answers', () => {
    const ours = agent({ controlling: true, candidates });
    const phone = agent(lite);
    const us = { address: '192.0.2.99', port: 9 };
    let done = 0;
    for (let nowMs = 0; nowMs < 3_000; nowMs += 20) {
      ours.ice.tick(nowMs);
      for (const { datagram, target, component } of ours.sent.slice(done)) {
        // The best one is not reachable.
        if (target.port === 3) {
          continue;
        }
        const before = phone.sent.length;
        phone.ice.receive(datagram, us, component, nowMs);
        for (const answer of phone.sent.slice(before)) {
          assert.equal(ours.ice.receive(answer.datagram, target, component, nowMs), true);
        }
      }
      done = ours.sent.length;
    }
    assert.deepEqual(
      ours.sent.slice(0, 4).map(({ target }) => target.port),
      [3, 2, 1, 4],
    );
    assert.deepEqual(
      ours.selected.map(({ component, port }) => [component, port]),
      [
        [2, 4],
        [1, 2],
      ],
    );
    assert.deepEqual(
      phone.selected.map(({ component }) => component),
      [2, 1],
    );
    assert.equal(ours.ice.admits({ address: '192.0.2.1', port: 3 }, 1, 0), false);
  });

  it('threat 21: believes no forged answer, and none from another address', () => {
    const { ice, sent, selected } = agent({ controlling: true, candidates: candidates.slice(0, 1) });
    ice.tick(0);
    const { datagram, target } = sent[0] ?? assert.fail();
    const { transactionId } = readStun(datagram) ?? assert.fail();
    const answer = (password: string) =>
      writeStun({ type: Binding.success, transactionId, attributes: [], password });
    assert.equal(ice.receive(answer('wrong'), target, 1, 10), false);
    assert.equal(ice.receive(answer(PARAMETERS.remotePassword), OTHER, 1, 20), true);
    assert.deepEqual([ice.isChecked, selected], [false, []]);
  });

  it('sends no more than seven checks to a candidate that does not answer', () => {
    const { ice, sent } = agent({ controlling: true, candidates });
    for (let nowMs = 0; nowMs < 120_000; nowMs += 20) {
      ice.tick(nowMs);
    }
    assert.equal(sent.length, 4 * 7);
  });
});

/** An authentic check with USE-CANDIDATE behind its MESSAGE-INTEGRITY, as somebody on the way could add it. */
function afterIntegrity(): Buffer {
  const integrity = check({ nominates: false }).subarray(0, -8);
  const nominated = Buffer.concat([integrity, Buffer.from([0, 0x25, 0, 0])]);
  const header = Buffer.from(nominated);
  header.writeUInt16BE(nominated.length - 20 + 8, 2);
  const fingerprint = Buffer.from([0x80, 0x28, 0, 4, 0, 0, 0, 0]);
  fingerprint.writeUInt32BE((crc32(header) ^ 0x5354554e) >>> 0, 4);
  return Buffer.concat([header, fingerprint]);
}
