import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sipTrunk } from '../../contract/index.ts';
import { SdpSession } from '../sip/index.ts';
import { callCodecs, callSettings, keyWays } from './call-settings.ts';
import { Keypad } from './keypad.ts';

const trunks = [
  sipTrunk.parse({ name: 'plain', uri: 'sip:x' }),
  sipTrunk.parse({ name: 'narrow', uri: 'sip:x', codecs: ['PCMA', 'GSM', 'PCMU'], dtmf: 'info' }),
  sipTrunk.parse({ name: 'other', uri: 'sip:x', codecs: ['GSM'], dtmf: 'inband' }),
];
const settings = (trunk: string) => callSettings({ phones: [], trunks }, { trunk });
const SERVER = ['opus', 'PCMU', 'PCMA'] as const;

describe('codecs and keys of trunks', () => {
  it('codecs are the trunk’s, in its order, as far as the server has them', () => {
    assert.deepEqual(callCodecs(settings('plain'), SERVER), SERVER);
    assert.deepEqual(callCodecs(settings('narrow'), SERVER), ['PCMA', 'PCMU']);
    assert.deepEqual(callCodecs(settings('other'), SERVER), SERVER, 'the server has none of them');
  });

  it('keys count only in the way that the trunk is set to', () => {
    for (const [trunk, expected] of [
      ['plain', 'eti'],
      ['narrow', 'i'],
      ['other', 't'],
    ] as const) {
      let pressed = '';
      const keypad = new Keypad(
        (key) => {
          pressed += key;
        },
        () => keyWays(settings(trunk)),
      );
      keypad.press('e', 'event', 0);
      keypad.press('t', 'tone', 5000);
      keypad.press('i', 'info', 10_000);
      assert.equal(pressed, expected);
    }
  });

  it('without telephone-events, neither an offer nor an answer has them', () => {
    const local = { address: '127.0.0.1', port: 4000, codecs: ['PCMU'] as const };
    const offer = new SdpSession().offer(local);
    assert.match(offer, /telephone-event/);
    assert.doesNotMatch(new SdpSession().offer({ ...local, events: false }), /telephone-event/);
    const { sdp, audio } = new SdpSession().answer(offer, { ...local, events: false });
    assert.doesNotMatch(sdp, /telephone-event/);
    assert.equal(audio.events, undefined);
  });
});
