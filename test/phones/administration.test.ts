// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { locatePrompts } from '../../sip-gateway/index.ts';
import { Baresip } from '../support/baresip.ts';
import { likeness, readWav } from '../support/likeness.ts';
import { type CallShown, PhoneServer } from '../support/phone-server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const prompts = locatePrompts();

describe('administration of phones', () => {
  let server: PhoneServer;
  let phone: Baresip;
  const api = <T = unknown>(method: string, path: string, body?: unknown) =>
    server.server.api<T>(method, path, body);

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'], env: { CANOPY_SIP_LANGUAGE: 'ru' } });
    const { password } = await api<{ password: string }>('PUT', '/api/sip/phones/1001', {
      displayName: 'Front desk',
    });
    phone = await Baresip.start(
      `<${server.uri('1001')}>;auth_user=1001;auth_pass=${password};regint=60;audio_codecs=PCMU/8000/1`,
      { record: true },
    );
    await phone.registered();
  });
  after(async () => {
    await phone?.stop();
    await server.close();
  });

  it('a caller is asked for the PIN in the configured language', {
    skip: prompts ? false : 'no prompts have been made: espeak-ng was missing',
  }, async (t) => {
    phone.command('dial', server.uri('200'));
    await phone.waitFor('CALL_ESTABLISHED');
    const [russian, english] = ['ru', 'en'].map((language) =>
      readWav(`${prompts}/${language}-enter-pin.wav`),
    );
    assert.ok(russian && english);
    const longest = Math.max(russian.samples.length, english.samples.length) / russian.rateHz;
    const recording = await eventually(
      'the prompt is heard to its end',
      () => phone.recording(),
      ({ samples, rateHz }) => rateHz > 0 && samples.length / rateHz > longest + 1.5,
    );
    const [likeRussian, likeEnglish] = [likeness(recording, russian), likeness(recording, english)];
    t.diagnostic(
      `like the Russian words ${likeRussian.toFixed(3)}, like the English ${likeEnglish.toFixed(3)}`,
    );
    assert.ok(likeRussian > 0.9, `${likeRussian}`);
    assert.ok(likeEnglish < 0.8, `${likeEnglish}`);
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
    await server.untilIdle();
  });

  it('a change of the dial plan applies from the next call', async () => {
    await server.setDialPlan([{ pattern: '1XX', action: { type: 'reject', status: 404 } }]);
    const refused = await server.callsFromNow();
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_CLOSED');
    assert.equal((await refused(({ endedAtMs }) => endedAtMs !== null)).sipStatus, 404);
    await server.setDialPlan([{ pattern: '1XX', action: { type: 'room', roomId: ROOM } }]);
    const connected = await server.callsFromNow();
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
    assert.equal((await connected(({ answeredAtMs }) => answeredAtMs !== null)).roomId, ROOM);
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
    await server.untilIdle();
  });

  it('the API calls a phone into a room, shows the call as active, and hangs it up', async () => {
    const placed = await server.callsFromNow();
    const { callId } = await api<{ callId: string }>('POST', '/api/sip/calls', {
      roomId: ROOM,
      target: '1001',
    });
    await phone.waitFor('CALL_INCOMING');
    phone.command('accept');
    await placed(({ answeredAtMs }) => answeredAtMs !== null);
    const { calls } = await api<{ calls: CallShown[] }>('GET', '/api/sip/calls?active=true');
    assert.deepEqual(
      calls.map((call) => [call.callId, call.direction, call.codec, call.roomId]),
      [[callId, 'outgoing', 'PCMU', ROOM]],
    );
    const metrics = await server.server.metrics();
    assert.equal(metrics.get('canopy_sip_active_calls{codec="PCMU"}'), 1);
    assert.equal(metrics.get('canopy_sip_objects{kind="legs"}'), 1);
    await eventually(
      'sound has come from the phone',
      async () => (await server.server.metrics()).get(stage('outgoing', 'media')),
      (count) => count === 1,
    );
    const { quality: present } = await placed(({ quality }) => quality !== null);
    await api('DELETE', `/api/sip/calls/${callId}`);
    await phone.waitFor('CALL_CLOSED');
    const ended = await placed(({ endedAtMs }) => endedAtMs !== null);
    assert.equal(ended.endCause, 'local');
    for (const quality of [present, ended.quality]) {
      assert.ok(quality && quality.jitterMs < 50 && quality.lossFraction < 0.1, JSON.stringify(quality));
    }
    await server.untilIdle();
  });

  const stage = (direction: string, name: string) =>
    `canopy_sip_setup_stage_seconds_count{direction="${direction}",stage="${name}"}`;

  it('the metrics count calls, answers, failures by code, stages and received audio', async () => {
    const metrics = await server.server.metrics();
    const incoming = prompts ? 3 : 2;
    const answered = incoming - 1;
    const expected: Record<string, number> = {
      'canopy_sip_invites_total{direction="incoming"}': incoming,
      'canopy_sip_invites_total{direction="outgoing"}': 1,
      'canopy_sip_accepted_total{direction="incoming",codec="PCMU"}': answered,
      'canopy_sip_accepted_total{direction="outgoing",codec="PCMU"}': 1,
      'canopy_sip_failed_total{direction="incoming",cause="refused",code="404"}': 1,
      [stage('incoming', 'ringing')]: answered,
      [stage('incoming', 'room')]: 1,
      [stage('incoming', 'answered')]: answered,
      [stage('outgoing', 'ringing')]: 1,
      [stage('outgoing', 'room')]: 1,
      [stage('outgoing', 'answered')]: 1,
      [stage('outgoing', 'media')]: 1,
      'canopy_sip_call_duration_seconds_count{direction="incoming"}': answered,
      'canopy_sip_call_duration_seconds_count{direction="outgoing"}': 1,
      'canopy_sip_active_calls{codec="PCMU"}': 0,
      canopy_sip_ringing_calls: 0,
      canopy_sip_registered_phones: 1,
    };
    assert.deepEqual(
      Object.fromEntries(Object.keys(expected).map((name) => [name, metrics.get(name)])),
      expected,
    );
    for (const name of ['jitter_seconds', 'loss_ratio', 'mos']) {
      assert.ok((metrics.get(`canopy_sip_${name}_count`) ?? 0) >= 1, name);
    }
    const mos = (metrics.get('canopy_sip_mos_sum') ?? 0) / (metrics.get('canopy_sip_mos_count') ?? 1);
    assert.ok(mos > 3 && mos <= 4.5, `MOS ${mos}`);
  });

  it('a phone is no longer called after its password was changed or it was removed', async () => {
    const registered = async () => (await server.server.metrics()).get('canopy_sip_registered_phones');
    await api('PUT', '/api/sip/phones/1001', { password: 'quite another one' });
    await eventually('it must register anew', registered, (count) => count === 0);
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_CLOSED');
    await api('DELETE', '/api/sip/phones/1001');
    await assert.rejects(api('POST', '/api/sip/calls', { roomId: ROOM, target: '1001' }), /CALL_REFUSED/);
  });
});
