import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import type { OperatorAnswer } from '../../client/sdk/index.ts';
import { probed } from '../support/composed.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { addPastRecording } from '../support/past-recording.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { decodingFaults, readManifest } from '../support/recordings.ts';
import { missingS3Server, S3Server } from '../support/s3-server.ts';
import { TestServer } from '../support/server.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';

const skip = await missingS3Server();
const CANOPY = fileURLToPath(new URL('../../bin/canopy.ts', import.meta.url));
const ROOM = 'stored';
const LARGE = 100_000_000;
/** 100 MB take at least four seconds. */
const SLOW = { CANOPY_RECORDING_S3_UPLOAD_MBPS: '200' };
const PATIENCE_MS = 120_000;

describe('recordings in a bucket', { skip }, () => {
  let s3: S3Server;
  let dataDir: string;
  let server: TestServer | undefined;
  let owner: ProtocolClient | undefined;

  before(async () => {
    s3 = await S3Server.start();
  });
  after(() => s3?.close());
  afterEach(async () => {
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
    for (const key of s3.keys()) {
      s3.remove(key);
    }
  });

  /** Starts a server on a new data folder, or on that of this test. */
  async function start(env: Record<string, string> = {}, isNew = false): Promise<TestServer> {
    if (isNew) {
      dataDir = mkdtempSync(join(tmpdir(), 'canopy-bucket-'));
    }
    server = await TestServer.start({ dataDir, env: { ...s3.env, ...env } });
    return server;
  }
  async function stop(): Promise<void> {
    owner?.close();
    owner = undefined;
    await server?.close();
    server = undefined;
  }
  /** A data folder with a large recording, before there was a bucket. */
  async function withPastRecording(bytes = LARGE) {
    await start(
      { CANOPY_RECORDING_S3_URL: '', CANOPY_RECORDING_S3_ACCESS_KEY: '', CANOPY_RECORDING_S3_SECRET: '' },
      true,
    );
    await stop();
    return addPastRecording({ dataDir }, { roomId: ROOM, bytes });
  }
  async function record(at: TestServer): Promise<string> {
    const ann = await HeadlessPerson.enter(at, ROOM);
    try {
      await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
      const recordingId = await ann.room.recording.start({ mode: 'audio' });
      await eventually('something is recorded', async () =>
        (await readManifest(at, recordingId).catch(() => undefined))?.tracks.some(
          ({ bytes }) => bytes > 5000,
        ),
      );
      await ann.room.recording.stop();
      return recordingId;
    } finally {
      await ann.leave();
    }
  }
  const status = async (at: TestServer) =>
    (await at.api<OperatorAnswer<'GET /api/status'>>('GET', '/api/status')).bucket;
  /** @param recordingId a recording that is to be there */
  const moved = (at: TestServer, recordingId?: string) =>
    eventually(
      'everything is in the bucket, and nothing else',
      () => status(at),
      (bucket) =>
        bucket?.waiting === 0 &&
        bucket.deleting === 0 &&
        bucket.problem === null &&
        (recordingId === undefined || s3.keys().includes(`${recordingId}/recording.json`)),
      PATIENCE_MS,
    );
  const local = (recordingId: string) => {
    try {
      return readdirSync(join(dataDir, 'recordings', recordingId)).sort();
    } catch {
      return [];
    }
  };
  const releases = (recordingId: string) =>
    eventually(
      'the copies are removed',
      () => local(recordingId),
      (names) => names.every((name) => name === 'recording.json' || name === 'events.jsonl'),
    );
  const recordingsPath = `/api/rooms/${ROOM}/recordings`;
  const codeOf = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code;
  const admin = async (at: TestServer) => {
    owner = await ProtocolClient.enter(at.url, await newIdentity(at, { role: 'admin', displayName: 'Olga' }));
    return owner;
  };
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

  it('are moved when they have ended, and played, downloaded and shared as before', async () => {
    const at = await start({}, true);
    const recordingId = await record(at);
    await moved(at, recordingId);
    await releases(recordingId);
    const { tracks } = await readManifest(at, recordingId);
    const [track] = tracks;
    assert.ok(track);
    assert.deepEqual(
      s3.keys(),
      ['events.jsonl', 'recording.json', ...tracks.map(({ file }) => file)]
        .map((name) => `${recordingId}/${name}`)
        .sort(),
    );
    const bytes = s3.read(`${recordingId}/${track.file}`);
    assert.equal(await decodingFaults(s3.path(`${recordingId}/${track.file}`)), '');
    const client = await admin(at);
    const place = { roomId: ROOM, recordingId };
    const opened = await client.get('recording.open', place);
    const url = new URL(opened.tracks[0]?.url ?? '', at.url);
    const whole = await fetch(url);
    assert.equal(whole.headers.get('content-type'), 'audio/webm');
    assert.match(whole.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.ok((await bytesOf(whole)).equals(bytes));
    const part = await fetch(url, { headers: { range: 'bytes=1000-1999' } });
    assert.deepEqual(
      [part.status, part.headers.get('content-range')],
      [206, `bytes 1000-1999/${bytes.length}`],
    );
    assert.ok((await bytesOf(part)).equals(bytes.subarray(1000, 2000)));
    const over = await fetch(url, { headers: { range: `bytes=${bytes.length}-` } });
    assert.equal(over.status, 416);
    const zip = await fetch(new URL(opened.zipUrl, at.url));
    assert.ok((await bytesOf(zip)).includes(bytes));
    const shared = await client.get('recording.share', place);
    const secret = shared.url.split('/').at(-1);
    const open = await fetch(new URL('/api/shared-recordings/open', at.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(at.url).origin },
      body: JSON.stringify({ secret }),
    });
    const links = ((await open.json()) as { tracks: Array<{ url: string }> }).tracks;
    const link = new URL(links[0]?.url ?? '', at.url);
    assert.ok((await bytesOf(await fetch(link))).equals(bytes));
    await client.get('recording.unshare', { ...place, shareId: shared.shareId });
    assert.equal((await fetch(link)).status, 404);
    await client.get('recording.delete', place);
    await moved(at);
    assert.deepEqual(s3.keys(), []);
    assert.deepEqual(local(recordingId), []);
  });

  it('threat 40: stay here while it is away, and nothing is lost or left over when it is back', async () => {
    const at = await start({}, true);
    const first = await record(at);
    await moved(at, first);
    await releases(first);
    await s3.stop();
    const track = (await readManifest(at, first)).tracks[0]?.file;
    const path = `${recordingsPath}/${first}/tracks/${track}`;
    await assert.rejects(at.api('GET', path), /503.*RECORDING_STORAGE_UNAVAILABLE/);
    await assert.rejects(
      at.api('GET', `${recordingsPath}/${first}/zip`),
      /503.*RECORDING_STORAGE_UNAVAILABLE/,
    );
    const { recordings } = await at.api<{ recordings: Array<{ people: string[] }> }>('GET', recordingsPath);
    assert.equal(recordings[0]?.people.length, 1);
    const second = await record(at);
    const { tracks } = await readManifest(at, second);
    const waiting = await eventually(
      'what is wrong is shown',
      () => status(at),
      (bucket) => bucket !== null && bucket.problem !== null,
    );
    assert.match(waiting?.problem ?? '', /^recording\.s3Url: the storage cannot be reached \(ECONNREFUSED/);
    assert.equal(waiting?.waiting, 2 + tracks.length);
    const metrics = await at.metrics();
    assert.equal(metrics.get('canopy_recording_bucket_up'), 0);
    assert.equal(metrics.get('canopy_recording_files_waiting'), waiting?.waiting);
    assert.ok((metrics.get('canopy_recording_bucket_failures_total') ?? 0) > 0);
    await at.api('DELETE', `${recordingsPath}/${first}`);
    await assert.rejects(at.api('GET', `${recordingsPath}/${first}`), /404.*RECORDING_UNKNOWN/);
    await stop();
    await s3.run();
    await moved(await start(), second);
    assert.deepEqual(
      s3.keys(),
      ['events.jsonl', 'recording.json', ...tracks.map(({ file }) => file)]
        .map((name) => `${second}/${name}`)
        .sort(),
    );
  });

  it('threat 40: a server that is killed in the middle of an upload goes on with it, and leaves nothing else', async () => {
    const { recordingId, content, file } = await withPastRecording();
    const at = await start(SLOW);
    await eventually('two parts are uploaded', () => s3.parts().length >= 2, Boolean, PATIENCE_MS);
    await at.crash();
    const before = s3.parts();
    assert.ok(local(recordingId).includes(file));
    const next = await start(SLOW);
    await eventually(
      'another part is uploaded',
      () => s3.parts(),
      (parts) => parts.length > before.length,
    );
    assert.ok(before.every((part) => s3.parts().includes(part)));
    await moved(next, recordingId);
    await releases(recordingId);
    assert.ok(s3.read(`${recordingId}/${file}`).equals(content));
    assert.deepEqual(s3.parts(), []);
    const all = await fetch(new URL(`${recordingsPath}/${recordingId}/tracks/${file}`, next.url), {
      headers: { authorization: next.authorization },
    });
    assert.ok((await bytesOf(all)).equals(content));
    // A player that goes away in the middle.
    const leaving = new AbortController();
    const partly = await fetch(new URL(`${recordingsPath}/${recordingId}/tracks/${file}`, next.url), {
      headers: { authorization: next.authorization },
      signal: leaving.signal,
    });
    await partly.body?.getReader().read();
    leaving.abort();
    assert.equal((await next.metrics()).get('canopy_errors_total{code="INTERNAL"}') ?? 0, 0);
    assert.ok(next.alive);
  });

  it('that are deleted while they are uploaded are gone at once, with what was uploaded', async () => {
    const { recordingId } = await withPastRecording();
    const at = await start(SLOW);
    await eventually('a part is uploaded', () => s3.parts().length >= 1, Boolean, PATIENCE_MS);
    await at.api('DELETE', `${recordingsPath}/${recordingId}`);
    assert.deepEqual(local(recordingId), []);
    await moved(at);
    assert.deepEqual([...s3.keys(), ...s3.parts()], []);
  });

  it('go with their room', async () => {
    const { recordingId } = await withPastRecording(50_000);
    const at = await start();
    await moved(at, recordingId);
    assert.equal(s3.keys().length, 2);
    await (await admin(at)).get('room.create', { roomId: ROOM });
    await at.api('DELETE', `/api/saved-rooms/${ROOM}`);
    await moved(at);
    assert.deepEqual([...s3.keys(), ...local(recordingId)], []);
  });

  it('threat 40: wait while the secret is wrong: the server runs, and says which setting to correct', async () => {
    const { recordingId, content, file } = await withPastRecording(50_000);
    const wrong = { CANOPY_RECORDING_S3_SECRET: 'wrong' };
    const at = await start(wrong);
    await eventually(
      'the secret is named',
      () => status(at),
      (bucket) => bucket?.problem?.startsWith('recording.s3Secret: ') ?? false,
    );
    assert.match(at.log, /RECORDING_STORAGE_UNAVAILABLE.*recording\.s3Secret: /);
    assert.ok(!at.log.includes(s3.secret));
    await record(at);
    assert.deepEqual(local(recordingId), [file, 'recording.json']);
    const doctor = async (env: Record<string, string>) => {
      const args = [CANOPY, 'doctor', '--data', dataDir, '--no-sip'];
      const options = { env: { ...process.env, ...s3.env, ...env } };
      const { stdout } = await promisify(execFile)(process.execPath, args, options).catch(
        (error: { stdout: string }) => error,
      );
      return /^.*recordings .*$/m.exec(stdout)?.[0] ?? stdout;
    };
    assert.match(await doctor(wrong), /^fail {2}recordings +recording\.s3Secret: /);
    await stop();
    assert.match(await doctor({}), /^ok {4}recordings +http.*objects can be written, read and deleted/);
    await moved(await start(), recordingId);
    assert.ok(s3.read(`${recordingId}/${file}`).equals(content));
  });

  it('are fetched to make a video of them, which is moved too', async () => {
    const at = await start({}, true);
    const recordingId = await record(at);
    await moved(at, recordingId);
    await releases(recordingId);
    const path = `${recordingsPath}/${recordingId}/compositions`;
    const { compositionId } = await at.api<{ compositionId: string }>('POST', path, { format: 'm4a' });
    const name = `composition-${compositionId}.m4a`;
    await eventually(
      'it is made',
      () => at.api<{ status: string; error: string | null }>('GET', `${path}/${compositionId}`),
      (made) => made.status === 'done' || made.error !== null,
      PATIENCE_MS,
    );
    await eventually('it is in the bucket', () => s3.keys().includes(`${recordingId}/${name}`));
    await releases(recordingId);
    assert.deepEqual((await probed(s3.path(`${recordingId}/${name}`))).codecs, ['aac']);
    const file = await fetch(new URL(`${path}/${compositionId}/file`, at.url), {
      headers: { authorization: at.authorization, range: 'bytes=4-7' },
    });
    assert.deepEqual([file.status, await file.text()], [206, 'ftyp']);
    await at.api('DELETE', `${path}/${compositionId}`);
    await eventually('it is gone from the bucket', () => !s3.keys().includes(`${recordingId}/${name}`));
  });

  it('free a disk that is full, once it can be reached', async (t) => {
    const disk = new SmallDisk('1500m');
    t.after(() => disk.remove());
    if (disk.skip) {
      t.skip(disk.skip);
      return;
    }
    await start({}, true);
    await stop();
    const env = { CANOPY_RECORDING_DIR: disk.dir, CANOPY_RECORDING_FREE_GI_B: '1' };
    const { recordingId, content, file } = addPastRecording(
      { dataDir, dir: disk.dir },
      { roomId: ROOM, bytes: LARGE },
    );
    // 100 MB short of the floor, which are those of the recording.
    disk.resize('1090m');
    await s3.stop();
    const at = await start(env);
    const ann = await HeadlessPerson.enter(at, ROOM);
    t.after(() => ann.leave());
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
    await assert.rejects(ann.room.recording.start(), { code: 'RECORDING_DISK_FULL' });
    await s3.run();
    await moved(at, recordingId);
    assert.ok(s3.read(`${recordingId}/${file}`).equals(content));
    await eventually('its copy is removed', () => !readdirSync(join(disk.dir, recordingId)).includes(file));
    await ann.room.recording.start();
    await ann.room.recording.stop();
  });

  it('are found again by a server that was restored from a backup', async () => {
    const { recordingId, content, file } = await withPastRecording(50_000);
    const at = await start();
    await moved(at, recordingId);
    const backup = join(dataDir, 'backup');
    const canopy = (...args: string[]) => promisify(execFile)(process.execPath, [CANOPY, ...args]);
    await canopy('backup', backup, '--data', dataDir);
    await stop();
    const restored = join(dataDir, 'restored');
    await canopy('restore', backup, '--data', restored);
    const next = await TestServer.start({ dataDir: restored, env: s3.env });
    try {
      const { recordings } = await next.api<{ recordings: Array<{ people: string[] }> }>(
        'GET',
        recordingsPath,
      );
      assert.deepEqual(recordings[0]?.people, ['Ann']);
      const whole = await fetch(new URL(`${recordingsPath}/${recordingId}/tracks/${file}`, next.url), {
        headers: { authorization: next.authorization },
      });
      assert.ok((await bytesOf(whole)).equals(content));
      s3.write(`${recordingId}/${file}`, Buffer.alloc(content.length));
      await next.api('POST', `${recordingsPath}/${recordingId}/compositions`, { format: 'm4a' });
      await eventually('bytes that are not those of the recording are refused', () =>
        next.log.includes('DifferentBytes'),
      );
    } finally {
      await next.close();
    }
  });

  it('threat 40: answer what the storage cannot give with an error, not with other bytes', async () => {
    const { recordingId, file } = await withPastRecording(50_000);
    const at = await start();
    await moved(at, recordingId);
    await releases(recordingId);
    s3.write(`${recordingId}/${file}`, Buffer.alloc(10));
    const path = `${recordingsPath}/${recordingId}/tracks/${file}`;
    await assert.rejects(at.api('GET', path), /503.*RECORDING_STORAGE_UNAVAILABLE/);
    s3.remove(`${recordingId}/${file}`);
    const response = await fetch(new URL(path, at.url), { headers: { authorization: at.authorization } });
    assert.deepEqual([response.status, await codeOf(response)], [503, 'RECORDING_STORAGE_UNAVAILABLE']);
  });
});
