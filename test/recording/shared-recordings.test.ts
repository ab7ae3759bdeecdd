// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { newIdentity, newPerson, ProtocolClient } from '../support/protocol-client.ts';
import { readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'shared';
const DAY_MS = 86_400_000;

interface Opened {
  title: string | null;
  expiresAtMs: number;
  tracks: Array<{ file: string; bytes: number; url: string }>;
  compositions: Array<{ compositionId: string; format: string; bytes: number; url: string }>;
  eventsUrl: string;
}

describe('links to recordings', () => {
  let server: TestServer;
  let owner: ProtocolClient;
  let recordingId = '';
  let otherId = '';
  const clients: ProtocolClient[] = [];

  before(async () => {
    server = await TestServer.start();
    owner = await connect('Olga');
    await owner.get('room.create', { roomId: ROOM, title: 'Weekly meeting', recordingVideo: 'm4a' });
    const ann = await HeadlessPerson.enter(server, ROOM);
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
    await owner.get('room.join', { roomId: ROOM });
    otherId = await record();
    recordingId = await record();
    await owner.get('room.leave', {});
    await ann.leave();
  });
  after(async () => {
    for (const client of clients) {
      client.close();
    }
    await server?.close();
  });

  async function record(): Promise<string> {
    const { recordingId: id } = await owner.get('recording.start', { mode: 'audio' });
    assert.equal(
      await owner.refusal('recording.share', { roomId: ROOM, recordingId: id }),
      'RECORDING_UNFINISHED',
    );
    await eventually('something is recorded', async () =>
      (await readManifest(server, id).catch(() => undefined))?.tracks.some(({ bytes }) => bytes > 5000),
    );
    await owner.get('recording.stop', {});
    return id;
  }
  async function connect(displayName: string, role = 'member'): Promise<ProtocolClient> {
    const identity = await newIdentity(server, {
      displayName,
      role,
      ...(role === 'guest' && { roomId: ROOM }),
    });
    const client = await ProtocolClient.enter(server.url, identity);
    clients.push(client);
    return client;
  }
  const place = () => ({ roomId: ROOM, recordingId });
  const share = async (client = owner, days?: number) => {
    const made = await client.get('recording.share', { ...place(), ...(days && { days }) });
    return { ...made, secret: secretOf(made.url) };
  };
  const ask = (secret: string, origin = server.url) =>
    fetch(new URL('/api/shared-recordings/open', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(origin).origin },
      body: JSON.stringify({ secret }),
    });
  const open = async (secret: string): Promise<Opened> => {
    const response = await ask(secret);
    assert.equal(response.status, 200);
    return response.json() as Promise<Opened>;
  };
  const trackOf = async (secret: string) => {
    const [track] = (await open(secret)).tracks;
    assert.ok(track);
    return track;
  };
  const fetched = (path: string, headers = {}) => fetch(new URL(path, server.url), { headers });
  const codeOf = async (response: Response | Promise<Response>) => {
    const { error } = (await (await response).json()) as { error?: { code: string } };
    return error?.code;
  };
  const audited = async () =>
    (
      await server.api<{
        entries: Array<{ action: string; actor: { kind: string }; details?: Record<string, unknown> }>;
      }>('GET', '/api/audit?limit=100')
    ).entries;

  it('threat 40: anyone who has one plays the recording, in part too, and gets nothing else', async () => {
    const { secret, expiresAtMs, url } = await share();
    assert.ok(url.startsWith(server.url.replace(/\/$/, '')), url);
    assert.ok(Math.abs(expiresAtMs - Date.now() - 7 * DAY_MS) < 60_000);
    const { title, tracks, eventsUrl } = await open(secret);
    assert.deepEqual([title, tracks.length], ['Weekly meeting', 1]);
    const [track] = tracks;
    assert.ok(track);
    const bytes = await readFile(join(server.dataDir, 'recordings', recordingId, track.file));
    const whole = await fetched(track.url);
    assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes));
    const header = (name: string) => whole.headers.get(name) ?? '';
    assert.match(header('content-disposition'), /^inline; /);
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.match(header('content-security-policy'), /default-src 'none'.*sandbox/);
    const part = await fetched(track.url, { range: 'bytes=100-199' });
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200)));
    assert.match(await (await fetched(eventsUrl)).text(), /"kind":"joined".*"displayName":"Ann"/);
    const { search } = new URL(track.url, server.url);
    for (const path of [
      track.url.replace('/tracks/', '/zip/'),
      track.url.replace(track.file, 'recording.json'),
      track.url.replace(track.file, '..%2Frecording.json'),
      `/api/recordings/${recordingId}/tracks/${track.file}${search}`,
      `/api/recordings/${recordingId}/zip${search}`,
    ]) {
      assert.ok([400, 403, 404].includes((await fetched(path)).status), path);
    }
  });

  it('threat 40: anyone who has one plays its finished video, in part too, and nothing else that was made', async () => {
    const made = async (id: string) => {
      const { recordings } = await owner.get('recording.list', { roomId: ROOM });
      return recordings.find((each) => each.recordingId === id)?.compositions ?? [];
    };
    const { secret, shareId } = await share();
    const { search } = new URL((await trackOf(secret)).url, server.url);
    const { compositionId } = await owner.get('recording.compose', { ...place(), format: 'mp4' });
    const early = await fetched(`/api/shared-recordings/${shareId}/compositions/${compositionId}${search}`);
    await early.body?.cancel();
    if ((await made(recordingId)).some((each) => each.format === 'mp4' && each.status !== 'done')) {
      assert.equal(early.status, 404);
    }
    await eventually(
      'all is made',
      async () => [...(await made(recordingId)), ...(await made(otherId))],
      (all) => all.length === 3 && all.every((each) => each.status === 'done'),
      300_000,
    );
    const { compositions } = await open(secret);
    const [{ url, bytes } = assert.fail('no video'), ...more] = compositions;
    assert.deepEqual([compositions[0]?.compositionId, more], [compositionId, []]);
    const file = join(server.dataDir, 'recordings', recordingId, `composition-${compositionId}.mp4`);
    const content = await readFile(file);
    const part = await fetched(`${url}&download=1`, { range: 'bytes=4-103' });
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 4-103/${bytes}`]);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(content.subarray(4, 104)));
    assert.match(part.headers.get('content-disposition') ?? '', /^inline; /);
    const [foreign] = await made(otherId);
    const path = url.replace(compositionId, foreign?.compositionId ?? '');
    assert.equal(await codeOf(fetched(path)), 'RECORDING_UNKNOWN');
    for (const elsewhere of [
      `/api/recordings/${recordingId}/compositions/${compositionId}${search}`,
      url.replace(compositionId, '..%2Frecording.json'),
    ]) {
      assert.ok([400, 403, 404].includes((await fetched(elsewhere)).status), elsewhere);
    }
    await owner.get('recording.unshare', { ...place(), shareId });
    assert.equal(await codeOf(fetched(url)), 'RECORDING_LINK_INVALID');
  });

  it('threat 40: withdrawn, it ends what is being transferred', async () => {
    const { secret, shareId } = await share();
    const { url, file, bytes } = await trackOf(secret);
    const path = join(server.dataDir, 'recordings', recordingId, file);
    // Much more than is on its way at any time.
    await truncate(path, 512 << 20);
    try {
      const { body } = await fetched(url);
      assert.ok(body);
      await owner.get('recording.unshare', { ...place(), shareId });
      await assert.rejects(async () => {
        for await (const chunk of body) {
          await delay(chunk.length > 0 ? 20 : 0);
        }
      });
    } finally {
      await truncate(path, bytes);
    }
  });

  it('threat 40: the secret is in no file and no log; only its hash is stored', async () => {
    const { secret, shareId } = await share();
    await open(secret);
    for (const file of ['canopy.sqlite', 'canopy.sqlite-wal'].map((name) => join(server.dataDir, name))) {
      if (existsSync(file)) {
        assert.ok(!(await readFile(file)).includes(secret), file);
      }
    }
    assert.ok(!server.log.includes(secret));
    const entries = await audited();
    assert.ok(!JSON.stringify(entries).includes(secret));
    const actions = entries.filter(({ details }) => details?.shareId === shareId);
    assert.deepEqual(actions.map(({ action }) => action).sort(), ['recording.openShared', 'recording.share']);
    assert.equal(actions.find(({ action }) => action === 'recording.openShared')?.actor.kind, 'stranger');
  });

  it('threat 40: only those who may record and see recordings make one, for 90 days at most', async () => {
    const guest = await connect('Gus', 'guest');
    for (const request of ['recording.share', 'recording.shares'] as const) {
      assert.equal(await guest.refusal(request, place()), 'FORBIDDEN', request);
    }
    const { shareId, secret } = await share();
    assert.equal(await guest.refusal('recording.unshare', { ...place(), shareId }), 'FORBIDDEN');
    const max = await connect('Max');
    assert.equal(await max.refusal('recording.share', { ...place(), days: 91 }), 'BAD_REQUEST');
    assert.equal(await max.refusal('recording.share', { ...place(), days: 0 }), 'BAD_REQUEST');
    await max.get('room.create', { roomId: 'of-max' });
    const elsewhere = { ...place(), roomId: 'of-max' };
    assert.equal(await max.refusal('recording.share', elsewhere), 'RECORDING_UNKNOWN');
    assert.equal(await max.refusal('recording.unshare', { ...elsewhere, shareId }), 'RECORDING_UNKNOWN');
    const { permissions } = await owner.get('room.defaults', {});
    const moderator = permissions.moderator.filter((action) => action !== 'recording.control');
    await owner.get('room.configure', { roomId: ROOM, permissions: { moderator } });
    assert.equal(await max.refusal('recording.share', place()), 'FORBIDDEN');
    await owner.get('room.configure', { roomId: ROOM, permissions: { moderator: null } });
    assert.ok((await share(max, 90)).expiresAtMs > Date.now() + 89 * DAY_MS);
    assert.equal((await ask(secret)).status, 200);
  });

  it('threat 40: a withdrawn one cuts off whoever watches by it, and no other', async () => {
    const [first, second] = [await share(), await share()];
    const [one, other] = [await trackOf(first.secret), await trackOf(second.secret)];
    const listed = (await owner.get('recording.shares', place())).shares;
    assert.ok(listed.some(({ shareId, createdBy }) => shareId === first.shareId && createdBy === 'Olga'));
    assert.ok(!JSON.stringify(listed).includes(first.secret));
    // The ticket of one link is none for another.
    const foreign = other.url.replace(second.shareId, first.shareId);
    assert.equal(await codeOf(fetched(foreign)), 'FILE_TICKET_INVALID');
    await owner.get('recording.unshare', { ...place(), shareId: first.shareId });
    await owner.get('recording.unshare', { ...place(), shareId: first.shareId });
    assert.equal(await codeOf(fetched(one.url)), 'RECORDING_LINK_INVALID');
    assert.equal(await codeOf(ask(first.secret)), 'RECORDING_LINK_INVALID');
    assert.equal((await fetched(other.url, { range: 'bytes=0-9' })).status, 206);
    const path = `/api/rooms/${ROOM}/recordings/${recordingId}/shares`;
    await server.api('DELETE', `${path}/${second.shareId}`);
    assert.equal(await codeOf(fetched(other.url)), 'RECORDING_LINK_INVALID');
    const { shares } = await server.api<{ shares: Array<{ shareId: string }> }>('GET', path);
    assert.ok(shares.every(({ shareId }) => shareId !== second.shareId));
  });

  it('threat 40: the owner of the room forbids sharing, also for the links that there are', async () => {
    const { secret } = await share();
    const { url } = await trackOf(secret);
    await owner.get('room.configure', { roomId: ROOM, recordingSharing: false });
    assert.equal(await codeOf(fetched(url)), 'RECORDING_LINK_INVALID');
    assert.equal(await codeOf(ask(secret)), 'RECORDING_LINK_INVALID');
    assert.equal(await owner.refusal('recording.share', place()), 'FORBIDDEN');
    await owner.get('room.configure', { roomId: ROOM, recordingSharing: null });
    assert.equal((await fetched(url, { range: 'bytes=0-9' })).status, 206);
  });

  it('threat 40: it ends with the account that made it', async () => {
    const { identity, accountId } = await newPerson(server, { displayName: 'Mia' });
    const mia = await ProtocolClient.enter(server.url, identity);
    clients.push(mia);
    const { secret } = await share(mia);
    const { url } = await trackOf(secret);
    await server.api('POST', `/api/accounts/${accountId}/revoke`);
    assert.equal(await codeOf(fetched(url)), 'RECORDING_LINK_INVALID');
    assert.equal(await codeOf(ask(secret)), 'RECORDING_LINK_INVALID');
  });

  it('threat 40: pages of other sites cannot open it', async () => {
    const { secret } = await share();
    assert.equal(await codeOf(ask(secret, 'https://evil.example')), 'ORIGIN_NOT_ALLOWED');
  });

  it('threat 40: it ends with the recording, and with the room', async () => {
    const { secret } = await share();
    const { url } = await trackOf(secret);
    await owner.get('recording.delete', place());
    assert.equal(await codeOf(fetched(url)), 'RECORDING_LINK_INVALID');
    assert.equal(await codeOf(ask(secret)), 'RECORDING_LINK_INVALID');
    await owner.get('room.join', { roomId: ROOM });
    ({ recordingId } = await owner.get('recording.start', { mode: 'audio' }));
    await owner.get('recording.stop', {});
    await owner.get('room.leave', {});
    const other = await share();
    await open(other.secret);
    await owner.get('room.delete', { roomId: ROOM });
    assert.equal(await codeOf(ask(other.secret)), 'RECORDING_LINK_INVALID');
  });

  it('threat 40: whoever guesses is soon refused for a while', async () => {
    const codes = new Set<string | undefined>();
    for (let tries = 0; tries < 60 && !codes.has('RATE_LIMITED'); tries += 1) {
      codes.add(await codeOf(ask('x'.repeat(43))));
    }
    assert.deepEqual([...codes], ['RECORDING_LINK_INVALID', 'RATE_LIMITED']);
  });
});

function secretOf(url: string): string {
  const [, secret = ''] = /#\/recording\/([\w-]{43})$/.exec(url) ?? [];
  assert.ok(secret, url);
  return secret;
}
