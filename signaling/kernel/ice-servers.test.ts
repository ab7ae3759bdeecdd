import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../base/index.ts';
import { iceServers } from './ice-servers.ts';

const STUN = { urls: ['stun:stun.example'] };
const TURN = ['turn:turn.example', 'turns:turn.example:443?transport=tcp'];

describe('iceServers()', () => {
  it('returns the configured servers if there is no TURN secret', () => {
    const config = loadConfig({ env: {}, flags: { 'rtc.iceServers': [STUN] } });
    assert.deepEqual(iceServers(config, 'ann'), [STUN]);
  });

  it('gives each peer its own credentials, which match those that openssl computes', () => {
    const config = loadConfig({
      env: { CANOPY_TURN_URLS: TURN.join(), CANOPY_TURN_SECRET: 'north', CANOPY_TURN_TTL_SECONDS: '3600' },
      flags: { 'rtc.iceServers': [STUN] },
    });
    assert.deepEqual(iceServers(config, 'ann', 1_000_000_500), [
      STUN,
      // printf 1003600:ann | openssl dgst -sha1 -hmac north -binary | base64
      { urls: TURN, username: '1003600:ann', credential: 'TP0RQ3hwPbSuT/8vcCVb2YxfIyI=' },
    ]);
    assert.notDeepEqual(iceServers(config, 'bob', 0), iceServers(config, 'ann', 0));
  });

  it('TURN servers without a secret are an invalid configuration', () => {
    assert.throws(() => loadConfig({ env: { CANOPY_TURN_URLS: 'turn:turn.example' } }), {
      code: 'CONFIG_INVALID',
    });
  });
});
