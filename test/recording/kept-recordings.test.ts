import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { recordingManifest } from '../../contract/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { newIdentity, newPerson, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'kept';

describe('recordings that are kept', () => {
  let server: TestServer;
  /** An owner of the room who started the recording; outside when it is fetched. */
  let owner: ProtocolClient;
  let member: ProtocolClient;
  let guest: ProtocolClient;
  let recordingId = '';
  const clients: ProtocolClient[] = [];

  before(async () => {
    server = await TestServer.start();
    owner = await connect('Olga');
    await owner.get('room.create', { roomId: ROOM });
    const ann = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
    await owner.get('room.join', { roomId: ROOM });
    ({ recordingId } = await owner.get('recording.start', {}));
    await eventually('both tracks are recorded', async () => (await manifest()).tracks.length === 2);
    await eventually(
      'something is in them',
      async () => (await manifest()).tracks.every(({ bytes }) => bytes > 20_000),
      Boolean,
      60_000,
    );
    assert.equal(await owner.refusal('recording.delete', place()), 'RECORDING_UNFINISHED');
    await owner.get('recording.stop', {});
    await owner.get('room.leave', {});
    await ann.leave();
    member = await connect('Max');
    guest = await connect('Gus', 'guest');
  });
  after(async () => {
    for (const client of clients) {
      client.close();
    }
    await server?.close();
  });

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
  const folder = () => join(server.dataDir, 'recordings', recordingId);
  const manifest = async () =>
    recordingManifest.parse(JSON.parse(await readFile(join(folder(), 'recording.json'), 'utf8')));
  const audited = async () =>
    (
      await server.api<{ entries: Array<{ action: string; outcome: string; roomId: string }> }>(
        'GET',
        '/api/audit?limit=50',
      )
    ).entries;
  const fetched = (url: string, headers = {}) => fetch(new URL(url, server.url), { headers });
  const operator = async () => `Bearer ${(await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim()}`;
  const codeOf = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code;
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
  const opened = async (client = owner) => client.get('recording.open', place());
  const cameraOf = async (client = owner) => {
    const camera = (await opened(client)).tracks.find(({ source }) => source === 'camera');
    assert.ok(camera);
    return camera;
  };

  it('whoever may see them gets a list from outside the room, with people, length and size', async () => {
    const { recordings, more } = await member.get('recording.list', { roomId: ROOM });
    assert.equal(more, false);
    const [recording] = recordings;
    const { tracks, durationMs, eventBytes } = await manifest();
    assert.deepEqual(
      { ...recording, startedAtMs: 0, endedAtMs: 0 },
      {
        recordingId,
        status: 'ended',
        mode: 'video',
        startedAtMs: 0,
        endedAtMs: 0,
        durationMs,
        bytes: tracks.reduce((sum, { bytes }) => sum + bytes, eventBytes),
        startedBy: 'Olga',
        reason: 'stopped',
        people: ['Ann'],
        compositions: [],
        isComplete: true,
        canManage: false,
        canShare: true,
      },
    );
    assert.equal((await owner.get('recording.list', { roomId: ROOM })).recordings[0]?.canManage, true);
  });

  it('people find those of the rooms that they own or were in, as long as they may see them, and no others', async () => {
    const recent = async (client: ProtocolClient) =>
      (await client.get('recording.recent', {})).recordings.map((each) => [each.roomId, each.recordingId]);
    assert.deepEqual(await recent(owner), [[ROOM, recordingId]]);
    // Max may see it, but knows nothing of the room until he was there.
    assert.deepEqual(await recent(member), []);
    await member.get('room.join', { roomId: ROOM });
    await member.get('room.leave', {});
    const { recordings, more } = await member.get('recording.recent', { limit: 1 });
    const [listed] = (await member.get('recording.list', { roomId: ROOM })).recordings;
    assert.deepEqual(
      { recordings, more },
      { recordings: [{ ...listed, roomId: ROOM, roomTitle: null }], more: false },
    );
    const { startedAtMs } = listed ?? assert.fail();
    assert.deepEqual((await member.get('recording.recent', { before: startedAtMs })).recordings, []);
    await guest.get('room.join', { roomId: ROOM });
    await guest.get('room.leave', {});
    assert.deepEqual(await recent(guest), []);
    await owner.get('room.configure', { roomId: ROOM, locked: true });
    assert.deepEqual(await recent(member), []);
    await owner.get('room.configure', { roomId: ROOM, locked: null });
    assert.deepEqual(await recent(member), [[ROOM, recordingId]]);
  });

  it('threat 40: a track is served as what it is, whole or in part, and never as a page of ours', async () => {
    const { url, file } = await cameraOf();
    const bytes = await readFile(join(folder(), file));
    const whole = await fetched(url);
    assert.ok((await bytesOf(whole)).equals(bytes));
    const header = (name: string) => whole.headers.get(name) ?? '';
    assert.equal(header('content-type'), 'video/webm');
    assert.match(header('content-disposition'), /^inline; filename="\d+ Ann camera\.webm"/);
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.match(header('content-security-policy'), /default-src 'none'.*sandbox/);
    assert.match(header('cache-control'), /private, no-store/);
    const saved = await fetched(`${url}&download=1`);
    assert.match(saved.headers.get('content-disposition') ?? '', /^attachment; /);
    await saved.body?.cancel();
    const part = await fetched(url, { range: 'bytes=1000-1999' });
    assert.deepEqual(
      [part.status, part.headers.get('content-range')],
      [206, `bytes 1000-1999/${bytes.length}`],
    );
    assert.ok((await bytesOf(part)).equals(bytes.subarray(1000, 2000)));
    const last = await fetched(url, { range: `bytes=${bytes.length - 5}-${bytes.length + 5}` });
    assert.equal((await bytesOf(last)).length, 5);
    const over = await fetched(url, { range: `bytes=${bytes.length}-` });
    assert.deepEqual([over.status, over.headers.get('content-range')], [416, `bytes */${bytes.length}`]);
    const events = await fetched((await opened()).eventsUrl);
    assert.match(await events.text(), /"kind":"joined".*"displayName":"Ann"/);
  });

  it('all tracks come as one ZIP file', async () => {
    const response = await fetched((await opened()).zipUrl);
    assert.equal(response.headers.get('content-type'), 'application/zip');
    const path = join(server.dataDir, 'all.zip');
    await writeFile(path, await bytesOf(response));
    const { tracks } = await manifest();
    const names = execFileSync('python3', ['-m', 'zipfile', '-l', path], { encoding: 'utf8' });
    assert.match(names, /001 Ann \w+\.webm/);
    assert.match(names, /events\.jsonl/);
    execFileSync('python3', ['-m', 'zipfile', '-t', path]);
    assert.equal(names.match(/\.webm/g)?.length, tracks.length);
  });

  it('guests see none unless an owner lets them, and a refusal is in the audit log', async () => {
    for (const request of ['recording.list', 'recording.open', 'recording.delete'] as const) {
      assert.equal(await guest.refusal(request, place()), 'FORBIDDEN', request);
    }
    const entries = await audited();
    assert.ok(
      entries.some(
        ({ action, outcome, roomId }) =>
          action === 'recording.open' && outcome === 'FORBIDDEN' && roomId === ROOM,
      ),
    );
    const { permissions } = await guest.get('room.defaults', {});
    const speaker = [...permissions.speaker, 'recording.view' as const];
    await owner.get('room.configure', { roomId: ROOM, permissions: { speaker } });
    assert.equal((await guest.get('recording.list', { roomId: ROOM })).recordings.length, 1);
    await owner.get('room.configure', { roomId: ROOM, permissions: { speaker: null } });
  });

  it('threat 40: a URL stops working when its account loses the right, is banned, or changes the URL', async () => {
    const { identity, accountId } = await newPerson(server, { displayName: 'Mia' });
    const mia = await ProtocolClient.enter(server.url, identity);
    clients.push(mia);
    const { url, file } = await cameraOf(mia);
    assert.equal((await fetched(url, { range: 'bytes=0-9' })).status, 206);
    await owner.get('room.configure', { roomId: ROOM, roles: { [accountId]: 'viewer' } });
    assert.equal(await codeOf(await fetched(url)), 'FORBIDDEN');
    const entries = await audited();
    assert.ok(entries.some(({ action, outcome }) => action === 'recording.fetch' && outcome === 'FORBIDDEN'));
    await owner.get('room.configure', { roomId: ROOM, roles: { [accountId]: null } });
    assert.equal((await fetched(url, { range: 'bytes=0-9' })).status, 206);
    await owner.get('room.join', { roomId: ROOM });
    await owner.get('ban.add', { accountId });
    await owner.get('room.leave', {});
    assert.equal(await codeOf(await fetched(url)), 'BANNED');

    const { url: own } = await cameraOf();
    const ticket = new URL(own, server.url).searchParams.get('ticket') ?? '';
    const [holder, until, signature] = ticket.split('.');
    for (const forged of [
      '',
      `${holder}.${until}.`,
      `${accountId}.${until}.${signature}`,
      `${holder}.${Number(until) + 1}.${signature}`,
    ]) {
      const changed = `/api/recordings/${recordingId}/tracks/${file}?ticket=${forged}`;
      assert.equal(await codeOf(await fetched(changed)), 'FILE_TICKET_INVALID', forged);
    }
    // The ticket of one recording is none for another.
    const other = crypto.randomUUID();
    assert.equal(
      await codeOf(await fetched(`/api/recordings/${other}/tracks/${file}?ticket=${ticket}`)),
      'FILE_TICKET_INVALID',
    );
  });

  it('threat 40: no name from a request reaches the disk, and a recording is found only in its own room', async () => {
    const { url } = await cameraOf();
    const { search } = new URL(url, server.url);
    await writeFile(join(server.dataDir, 'recordings', 'secret.webm'), 'secret');
    for (const name of [
      'recording.json',
      'events.jsonl',
      '..%2Fsecret.webm',
      '%2e%2e%2fsecret.webm',
      '..%5Csecret.webm',
      '001-camera.webm%00',
      encodeURIComponent(join(folder(), '001-camera.webm')),
      'x'.repeat(255),
    ]) {
      const response = await fetched(`/api/recordings/${recordingId}/tracks/${name}${search}`);
      assert.ok([400, 404].includes(response.status), `${name}: ${response.status}`);
    }
    await member.get('room.create', { roomId: 'elsewhere' });
    for (const request of ['recording.open', 'recording.delete'] as const) {
      assert.equal(await member.refusal(request, { roomId: 'elsewhere', recordingId }), 'RECORDING_UNKNOWN');
    }
    assert.equal(
      await member.refusal('recording.open', { roomId: ROOM, recordingId: '../..' }),
      'BAD_REQUEST',
    );
    const [olgas, elsewhere] = [ROOM, 'elsewhere'].map(
      (roomId) => `/api/rooms/${roomId}/recordings/${recordingId}`,
    );
    const headers = { authorization: await operator() };
    assert.equal((await fetched(olgas ?? '', headers)).status, 200);
    assert.equal(await codeOf(await fetched(elsewhere ?? '', headers)), 'RECORDING_UNKNOWN');
  });

  it('threat 40: planted links and a list that names other files give nothing away', async () => {
    const { url, file } = await cameraOf();
    const path = join(folder(), file);
    await rename(path, `${path}.kept`);
    await symlink(join(server.dataDir, 'api.key'), path);
    assert.equal(await codeOf(await fetched(url)), 'RECORDING_UNKNOWN');
    await rename(`${path}.kept`, path);
    const list = join(folder(), 'recording.json');
    const real = await readFile(list, 'utf8');
    await writeFile(list, real.replace(`"${file}"`, '"../../api.key"'));
    assert.equal((await opened()).tracks.length, 1);
    assert.equal(await codeOf(await fetched(url)), 'RECORDING_UNKNOWN');
    await truncate(list, 100);
    assert.deepEqual((await opened()).tracks, []);
    assert.equal((await member.get('recording.list', { roomId: ROOM })).recordings[0]?.isComplete, false);
    await writeFile(list, real);
    assert.equal((await opened()).tracks.length, 2);
    await rename(folder(), `${folder()}.kept`);
    await symlink(`${folder()}.kept`, folder());
    assert.equal(await codeOf(await fetched(url)), 'RECORDING_UNKNOWN');
    await execFileSync('rm', [folder()]);
    await rename(`${folder()}.kept`, folder());
    assert.equal((await fetched(url, { range: 'bytes=0-9' })).status, 206);
  });

  it('the operator lists and downloads over REST, by a scope of its own', async () => {
    const path = `/api/rooms/${ROOM}/recordings`;
    assert.equal((await server.api<{ recordings: unknown[] }>('GET', path)).recordings.length, 1);
    const { tracks } = await server.api<{ tracks: Array<{ file: string; bytes: number }> }>(
      'GET',
      `${path}/${recordingId}`,
    );
    assert.equal(tracks.length, 2);
    const [track] = tracks;
    const file = `${path}/${recordingId}/tracks/${track?.file}`;
    const authorization = await operator();
    assert.equal((await bytesOf(await fetched(file, { authorization }))).length, track?.bytes);
    assert.equal((await fetched(file)).status, 401);
    const token = { name: 'reader', scopes: ['rooms:read'] };
    const { token: secret } = await server.api<{ token: string }>('POST', '/api/tokens', token);
    assert.equal(await codeOf(await fetched(file, { authorization: `Bearer ${secret}` })), 'SCOPE_MISSING');
  });

  it('it is deleted by whoever manages the room, with its files', async () => {
    const { url } = await cameraOf();
    assert.equal(await member.refusal('recording.delete', place()), 'FORBIDDEN');
    await owner.get('recording.delete', place());
    assert.ok(!existsSync(folder()));
    assert.equal(await codeOf(await fetched(url)), 'RECORDING_UNKNOWN');
    assert.deepEqual((await member.get('recording.list', { roomId: ROOM })).recordings, []);
    assert.deepEqual(await readdir(join(server.dataDir, 'recordings')), ['secret.webm']);
  });
});
