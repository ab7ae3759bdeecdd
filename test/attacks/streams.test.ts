import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { NewStreamKey } from '../../contract/index.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { newPerson, ProtocolClient, type Someone } from '../support/protocol-client.ts';
import { ask, iceFragment, offer, start, streamKey } from '../support/stream-program.ts';
import { eventually } from '../support/wait.ts';

const FRAGMENT = 'application/trickle-ice-sdpfrag';

describe('threat 47: programs that send into rooms by WHIP or watch them by WHEP', () => {
  let server: InProcessServer;
  let ann: Someone;
  let inside: ProtocolClient;
  let publish: NewStreamKey;

  before(async () => {
    server = await InProcessServer.start({ 'limits.viewersPerStreamKey': 3 });
    ann = await newPerson(server, { role: 'admin' });
    inside = await ProtocolClient.enter(server.url, ann.identity);
    await inside.get('room.join', { roomId: 'studio' });
    publish = await streamKey(server, 'studio', 'publish');
  });

  after(async () => {
    inside?.close();
    await server?.close();
  });

  /** The streams in all rooms. */
  const streams = async () => {
    const { body } = await server.api('GET', '/api/rooms');
    const { rooms } = body as {
      rooms: Array<{ participants: Array<{ participantId: string; kind: string }> }>;
    };
    return rooms.flatMap(({ participants }) => participants).filter(({ kind }) => kind === 'stream');
  };
  const assertStreams = async (count: number, what?: string) =>
    assert.equal((await streams()).length, count, what);
  const patch = (url: string, secret: string, ifMatch: string | undefined, body = iceFragment('abcd')) =>
    ask('PATCH', url, {
      secret,
      body,
      headers: { 'content-type': FRAGMENT, ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
    });

  it('refuses an offer without a key, with an unknown one, and with one for another room or purpose', async () => {
    const elsewhere = await streamKey(server, 'elsewhere', 'publish');
    const watch = await streamKey(server, 'studio', 'watch');
    const secrets = [undefined, 'canopy_stream_unknown', 'x'.repeat(5000), elsewhere.secret, watch.secret];
    for (const secret of secrets) {
      const { status, code, headers } = await ask('POST', publish.url, {
        body: offer('publish'),
        ...(secret !== undefined && { secret }),
      });
      assert.deepEqual([status, code], [401, 'STREAM_KEY_INVALID']);
      assert.equal(headers.get('www-authenticate'), 'Bearer');
    }
    await assertStreams(0);
  });

  it('the API key and API tokens are no stream keys', async () => {
    const { body } = await server.api('POST', '/api/tokens', { name: 'all', scopes: ['streams:write'] });
    const { secret } = body as { secret: string };
    const { code } = await ask('POST', publish.url, { secret, body: offer('publish') });
    assert.equal(code, 'STREAM_KEY_INVALID');
  });

  it('refuses other content types, before it reads the body', async () => {
    for (const type of [
      'application/json',
      'text/plain',
      FRAGMENT,
      'application/sdpx',
      'multipart/form-data; boundary=x',
    ]) {
      const { status, code } = await ask('POST', publish.url, {
        secret: publish.secret,
        body: offer('publish'),
        headers: { 'content-type': type },
      });
      assert.deepEqual([type, status, code], [type, 415, 'CONTENT_TYPE_UNSUPPORTED']);
    }
  });

  it('refuses an SDP of a megabyte', async () => {
    const huge = `${offer('publish')}${'a=x:y\r\n'.repeat(150_000)}`;
    const { status, code } = await ask('POST', publish.url, { secret: publish.secret, body: huge });
    assert.deepEqual([status, code], [413, 'PAYLOAD_TOO_LARGE']);
  });

  it('refuses offers that are malformed or incomplete, and opens nothing for them', async () => {
    const good = offer('publish');
    const bad: Record<string, [string, string]> = {
      'no SDP': ['hello', 'SDP_INVALID'],
      'no sections': ['v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n', 'SDP_INVALID'],
      'no fingerprint': [good.replaceAll(/a=fingerprint.*\r\n/g, ''), 'FINGERPRINT_INVALID'],
      'a short fingerprint': [
        good.replaceAll(/(a=fingerprint:sha-256 ..).*\r\n/g, '$1\r\n'),
        'FINGERPRINT_INVALID',
      ],
      'two certificates': [good.replace(/sha-256 10/, 'sha-256 11'), 'FINGERPRINT_INVALID'],
      'sha-1': [good.replaceAll('sha-256', 'sha-1'), 'FINGERPRINT_INVALID'],
      'no ICE': [good.replaceAll(/a=ice-.*\r\n/g, ''), 'SDP_INVALID'],
      'no setup': [good.replaceAll(/a=setup.*\r\n/g, ''), 'SDP_INVALID'],
      'equal MIDs': [good.replaceAll(/a=mid:.*\r\n/g, 'a=mid:0\r\n'), 'SDP_INVALID'],
      'a long MID': [good.replace('a=mid:1', `a=mid:${'1'.repeat(300)}`), 'SDP_INVALID'],
      'a hundred sections': [good + good.slice(good.indexOf('m=video')).repeat(100), 'SDP_INVALID'],
      'no bundle': [good.replace(/a=group.*\r\n/, ''), 'SDP_UNACCEPTABLE'],
      'no rtcp-mux': [good.replaceAll(/a=rtcp-mux\r\n/g, ''), 'SDP_UNACCEPTABLE'],
      'only receives': [offer('watch'), 'SDP_UNACCEPTABLE'],
      'unknown codecs': [good.replaceAll('VP8', 'H261').replaceAll('opus', 'foo'), 'SDP_UNACCEPTABLE'],
      'one unknown codec': [good.replaceAll('VP8', 'H261'), 'SDP_UNACCEPTABLE'],
      'no SSRC': [good.replaceAll(/a=ssrc.*\r\n/g, ''), 'SDP_UNACCEPTABLE'],
      'an SSRC of 0': [good.replaceAll('a=ssrc:2222', 'a=ssrc:0'), 'SDP_INVALID'],
      'a huge SSRC': [good.replaceAll('a=ssrc:2222', 'a=ssrc:99999999999'), 'SDP_INVALID'],
      'the same SSRC twice': [good.replaceAll('a=ssrc:2222', 'a=ssrc:1111'), 'MEDIA_REJECTED'],
    };
    let key = publish;
    for (const [index, [what, [sdp, expected]]] of Object.entries(bad).entries()) {
      // A key starts only so many sessions at once.
      key = index % 10 === 0 ? await streamKey(server, `studio-${index}`, 'publish') : key;
      const { status, code } = await ask('POST', key.url, { secret: key.secret, body: sdp });
      assert.equal(code, expected, what);
      assert.ok(status >= 400 && status < 500, what);
      await assertStreams(0, what);
    }
  });

  it('a stream is in the roster, without a certificate, and with no more rights than a guest', async () => {
    const { status, text, headers, session } = await start(publish, offer('publish'));
    assert.equal(status, 201);
    assert.match(text, /a=ice-lite/);
    assert.equal(text.match(/a=recvonly/g)?.length, 2);
    assert.match(text, /a=end-of-candidates/);
    assert.match(headers.get('etag') ?? '', /^"[0-9a-f]{16}"$/);
    const { participant } = await inside.event(
      'participant.joined',
      ({ participant: { kind } }) => kind === 'stream',
    );
    assert.equal(participant.displayName, 'Studio');
    assert.deepEqual([participant.role, participant.roomRole], ['guest', 'speaker']);
    assert.equal(participant.accountId, publish.accountId);
    const { body } = await server.api('GET', '/api/rooms/studio/stream-keys');
    assert.equal(
      (body as { keys: Array<{ keyId: string; active: number }> }).keys.find(
        ({ keyId }) => keyId === publish.keyId,
      )?.active,
      1,
    );
    assert.equal((await ask('DELETE', session, { secret: publish.secret })).status, 200);
    await inside.event(
      'participant.left',
      ({ participantId }) => participantId === participant.participantId,
    );
  });

  it('a PATCH needs the current ETag, and an ICE restart makes a new one', async () => {
    const ufrag = 'ufrag1';
    const { headers, session } = await start(publish, offer('publish', { ufrag }));
    const etag = headers.get('etag') ?? '';
    const { secret } = publish;
    const missing = await patch(session, secret, undefined);
    assert.deepEqual([missing.status, missing.code], [428, 'PRECONDITION_REQUIRED']);
    const wrong = await patch(session, secret, '"0123456789abcdef"');
    assert.deepEqual([wrong.status, wrong.code], [412, 'PRECONDITION_FAILED']);
    assert.equal((await patch(session, secret, etag, iceFragment(ufrag))).status, 204);
    assert.equal((await patch(session, secret, etag, 'nonsense')).code, 'SDP_INVALID');
    const json = await ask('PATCH', session, {
      secret,
      body: '{}',
      headers: { 'content-type': 'application/json', 'if-match': '*' },
    });
    assert.equal(json.status, 415);
    const restarted = await patch(session, secret, '*', iceFragment('other1'));
    assert.equal(restarted.status, 200);
    assert.match(restarted.text, /a=ice-ufrag:/);
    assert.notEqual(restarted.headers.get('etag'), etag);
    assert.equal((await patch(session, secret, etag, iceFragment('other1'))).status, 412);
    assert.equal((await ask('DELETE', session, { secret })).status, 200);
    assert.equal((await ask('DELETE', session, { secret })).code, 'STREAM_UNKNOWN');
  });

  it('the key of another stream, even of the same room, reaches neither its session nor learns that it exists', async () => {
    const { session } = await start(publish, offer('publish'));
    const other = await streamKey(server, 'studio', 'publish', 'Other');
    for (const method of ['DELETE', 'PATCH']) {
      const { status, code } =
        method === 'PATCH'
          ? await patch(session, other.secret, '*')
          : await ask(method, session, { secret: other.secret });
      assert.deepEqual([status, code], [404, 'STREAM_UNKNOWN']);
      assert.equal((await ask(method, session)).status, 401);
    }
    await assertStreams(1);
    assert.equal((await ask('DELETE', session, { secret: publish.secret })).status, 200);
  });

  it('a new session with a key replaces the one before', async () => {
    const first = await start(publish, offer('publish'));
    const second = await start(publish, offer('publish'));
    await assertStreams(1);
    assert.equal((await ask('DELETE', first.session, { secret: publish.secret })).code, 'STREAM_UNKNOWN');
    assert.equal((await ask('DELETE', second.session, { secret: publish.secret })).status, 200);
  });

  it('a stream ends at once when its key is revoked', async () => {
    const revoked = await streamKey(server, 'studio', 'publish', 'Revoked');
    await start(revoked, offer('publish'));
    await inside.get('stream.revokeKey', { keyId: revoked.keyId });
    await assertStreams(0);
    assert.equal((await start(revoked, offer('publish'))).code, 'STREAM_KEY_INVALID');
  });

  it('a removed stream cannot come back for five minutes, and a banned one until the ban is lifted', async () => {
    const key = await streamKey(server, 'studio', 'publish', 'Rude');
    await start(key, offer('publish'));
    const [stream] = await streams();
    await inside.get('participant.kick', { participantId: stream?.participantId ?? '' });
    await assertStreams(0);
    assert.equal((await start(key, offer('publish'))).code, 'KICKED');
    await inside.get('participant.readmit', { accountId: key.accountId });
    await start(key, offer('publish'));
    await assertStreams(1);
    await inside.get('ban.add', { accountId: key.accountId, link: false, displayName: 'Rude' });
    await assertStreams(0);
    assert.equal((await start(key, offer('publish'))).code, 'BANNED');
    await inside.get('ban.lift', { accountId: key.accountId });
    const back = await start(key, offer('publish'));
    assert.equal(back.status, 201);
    await ask('DELETE', back.session, { secret: key.secret });
  });

  it('a locked room admits no new stream', async () => {
    const key = await streamKey(server, 'studio', 'publish', 'Late');
    await inside.get('room.configure', { roomId: 'studio', locked: true });
    assert.equal((await start(key, offer('publish'))).code, 'ROOM_LOCKED');
    await inside.get('room.configure', { roomId: 'studio', locked: false });
  });

  it('a viewer watches only a room where somebody is, sends nothing, and shares the limit of its key', async () => {
    const closed = await streamKey(server, 'empty', 'watch');
    const notLive = await start(closed, offer('watch'));
    assert.deepEqual([notLive.status, notLive.code], [409, 'STREAM_NOT_LIVE']);
    assert.equal(notLive.headers.get('retry-after'), '10');
    const watch = await streamKey(server, 'studio', 'watch', 'Wall');
    const viewers = [];
    for (let count = 0; count < 3; count += 1) {
      viewers.push(await start(watch, offer('watch')));
    }
    assert.match(viewers[0]?.text ?? '', /a=sendonly/);
    await assertStreams(3);
    assert.equal((await start(watch, offer('watch'))).code, 'LIMIT_REACHED');
    assert.equal((await start(watch, offer('publish'))).code, 'SDP_UNACCEPTABLE');
    for (const { session } of viewers) {
      assert.equal((await ask('DELETE', session, { secret: watch.secret })).status, 200);
    }
  });

  it('people who may not invite make no keys, and whoever is banned loses those they made', async () => {
    const guest = await newPerson(server, { role: 'guest', roomId: 'studio' });
    const bob = await newPerson(server, { role: 'member' });
    const client = await ProtocolClient.enter(server.url, guest.identity);
    assert.equal(
      await client.refusal('stream.createKey', { roomId: 'studio', direction: 'watch', name: 'Spy' }),
      'FORBIDDEN',
    );
    assert.equal(await client.refusal('stream.listKeys', { roomId: 'studio' }), 'FORBIDDEN');
    assert.equal(await client.refusal('stream.revokeKey', { keyId: publish.keyId }), 'FORBIDDEN');
    client.close();
    const member = await ProtocolClient.enter(server.url, bob.identity);
    const key = await member.get('stream.createKey', { roomId: 'studio', direction: 'publish', name: 'Bob' });
    member.close();
    await start({ ...key, url: new URL(new URL(key.url).pathname, server.url).href }, offer('publish'));
    await assertStreams(1);
    await inside.get('ban.add', { accountId: bob.accountId, link: false, displayName: 'Bob' });
    await eventually('the stream ends', async () => (await streams()).length === 0);
  });

  it('answers preflight requests of any site, and refuses other methods', async () => {
    const { session } = await start(publish, offer('publish'));
    for (const [url, header] of [
      [publish.url, 'accept-post'],
      [session, 'accept-patch'],
    ] as const) {
      const options = await ask('OPTIONS', url, { headers: { origin: 'https://player.example' } });
      assert.equal(options.status, 204);
      assert.equal(options.headers.get('access-control-allow-origin'), '*');
      assert.match(options.headers.get('access-control-allow-headers') ?? '', /authorization.*if-match/);
      assert.ok(options.headers.get(header));
      const get = await ask('GET', url, { secret: publish.secret });
      assert.deepEqual([get.status, get.code], [405, 'METHOD_NOT_ALLOWED']);
    }
    await ask('DELETE', session, { secret: publish.secret });
  });

  it('limits how many sessions a key starts, and how many keys a stranger guesses', async () => {
    const key = await streamKey(server, 'studio', 'publish', 'Flood');
    const codes = new Set<string | undefined>();
    for (let tries = 0; tries < 30 && !codes.has('RATE_LIMITED'); tries += 1) {
      codes.add((await start(key, 'v=0\r\n')).code);
    }
    assert.deepEqual([...codes], ['SDP_INVALID', 'RATE_LIMITED']);
    for (let tries = 0; tries < 30; tries += 1) {
      await ask('POST', key.url, { secret: `canopy_stream_${tries}`, body: offer('publish') });
    }
    const { status, code } = await ask('POST', key.url, { secret: publish.secret, body: offer('publish') });
    assert.deepEqual([status, code], [429, 'RATE_LIMITED']);
  });

  it('leaves nothing behind', async () => {
    inside.close();
    const left = () => {
      const { workers: _, webRtcServers: __, ...objects } = server.sfu.gauges();
      return Object.entries(objects).filter(([, count]) => count > 0);
    };
    await eventually('all media objects are gone', left, (objects) => objects.length === 0);
  });
});
