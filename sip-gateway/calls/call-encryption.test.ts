import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SipPhone, sipTrunk } from '../../contract/index.ts';
import { Dtls, Srtp } from '../media/index.ts';
import { CallContexts } from './call-contexts.ts';
import { localEncryption } from './call-encryption.ts';
import { callerSettings, callSettings } from './call-settings.ts';

const srtp = Srtp.load();
const dtls = Dtls.load();
const phone = (username: string, use: SipPhone['srtp']): SipPhone => ({
  username,
  ha1: { md5: '', sha256: '' },
  srtp: use,
  keying: 'sdes',
  ice: 'accept',
});
const config = {
  realm: 'canopy',
  phones: [phone('1001', 'required'), phone('pbx', 'off')],
  trunks: [
    sipTrunk.parse({ name: 'pbx', uri: 'sip:pbx.example', srtp: 'required' }),
    sipTrunk.parse({ name: 'old', uri: 'sip:old.example' }),
  ],
  dialPlan: [],
  pins: [],
  language: 'en' as const,
};

describe('encryption of a call', () => {
  it('is decided by the setting of its phone or trunk', () => {
    assert.equal(callSettings(config, { phone: '1001' }).srtp, 'required');
    assert.equal(callSettings(config, { phone: 'pbx' }).srtp, 'off');
    assert.equal(callSettings(config, { trunk: 'pbx' }).srtp, 'required');
    assert.equal(callerSettings(config, { kind: 'user', username: '1001' }).srtp, 'required');
    assert.equal(callerSettings(config, { kind: 'trunk', trunkId: 'old' }).srtp, 'preferred');
    assert.equal(callerSettings(config, { kind: 'anonymous' }).srtp, 'preferred');
  });

  it('threat 21: keys in the SDP need SIP over TLS, unless the configuration allows otherwise; DTLS does not', () => {
    const local = (use: SipPhone['srtp'], overTls: boolean, keysWithoutTls = false) =>
      localEncryption({ srtp: use, keying: 'sdes' }, { srtp, dtls, keysWithoutTls }, overTls);
    const suites = (...given: Parameters<typeof local>) => local(...given).suites.length > 0;
    for (const use of ['preferred', 'required'] as const) {
      assert.equal(suites(use, true), true);
      assert.equal(suites(use, false), false);
      assert.equal(suites(use, false, true), true);
    }
    assert.equal(suites('off', true, true), false);
    assert.deepEqual(
      [local('preferred', false).fingerprint, local('off', true).fingerprint],
      [dtls.fingerprint, undefined],
    );
    const none = Srtp.load({ prefer: 'portable' });
    assert.match(
      localEncryption({ srtp: 'required', keying: 'dtls' }, { srtp: none, dtls, keysWithoutTls: true }, true)
        .reason ?? '',
      /no SRTP/,
    );
  });

  it('threat 39: a re-INVITE keeps the context of each key that stays, and closes others once they are out of use', () => {
    const keys = (fill: number) => ({
      crypto: {
        suite: 'AES_CM_128_HMAC_SHA1_80',
        sendKey: Buffer.alloc(30, 1),
        receiveKey: Buffer.alloc(30, fill),
        receiveMki: undefined,
        window: undefined,
      },
    });
    const packet = Buffer.alloc(172, 1);
    packet[0] = 0x80;
    const contexts = new CallContexts({ srtp, dtls });
    const first = contexts.open(keys(2));
    first.settled();
    const again = contexts.open(keys(2));
    again.settled();
    assert.deepEqual(again.srtp, first.srtp);
    const rekeyed = contexts.open(keys(3));
    assert.ok(first.srtp && rekeyed.srtp);
    assert.equal(rekeyed.srtp.send, first.srtp.send);
    assert.notEqual(rekeyed.srtp.receive, first.srtp.receive);
    assert.equal(srtp.unprotect(first.srtp.receive, Buffer.from(packet), false), 'forged');
    rekeyed.settled();
    assert.equal(srtp.unprotect(first.srtp.receive, Buffer.from(packet), false), 'refused');
    contexts.close();
    contexts.close();
    assert.equal(srtp.protect(rekeyed.srtp.send, packet, false), undefined);
  });

  it('threat 39: a re-INVITE keeps the associations, unless the fingerprint, a role or rtcp-mux changes', () => {
    const contexts = new CallContexts({ srtp, dtls });
    const open = (fill: number, active = false, rtcpMux = false) => {
      const opened = contexts.open({
        dtls: { active, hash: 'sha-256', digests: [Buffer.alloc(32, fill)] },
        rtcpMux,
      });
      opened.settled();
      return opened.dtls?.associations ?? assert.fail();
    };
    const first = open(1);
    assert.equal(first.length, 2);
    assert.deepEqual(open(1), first);
    const others = [open(2), open(2, true), open(2, true, true)];
    assert.equal(new Set([first, ...others].flat()).size, 7);
    assert.equal(dtls.receive(first[0] ?? 0), 'failed');
    contexts.close();
    assert.equal(dtls.receive(others[2]?.[0] ?? 0), 'failed');
  });
});
