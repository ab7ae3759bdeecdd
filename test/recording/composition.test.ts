import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ClipTrack, wallClockMs } from '../../client/node/index.ts';
import { beepsIn, flashesIn, probed } from '../support/composed.ts';
import { flashAndBeep } from '../support/flash-clip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { decodingFaults, readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'filmed';
/** How far sound and picture may be apart, in seconds. */
const LIP_SYNC_S = 0.04;
/** Composing waits for everything else on the machine. */
const PATIENCE_MS = 300_000;
/** The middle of the only tile. */
const MIDDLE = '640:360:320:180';

interface Composition {
  compositionId: string;
  format: string;
  layout: string;
  status: 'queued' | 'running' | 'done' | 'failed';
  percent: number;
  bytes: number;
  error: string | null;
}

describe('a video of a recording', () => {
  let dataDir: string;
  let server: TestServer;
  let recordingId = '';
  let client: ProtocolClient | undefined;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'canopy-composed-'));
    server = await TestServer.start({ dataDir });
    await server.api('PATCH', `/api/rooms/${ROOM}/settings`, {
      recordingVideo: 'mp4',
      recordingVideoLayout: 'gallery',
    });
    const { flash, beep } = await flashAndBeep();
    const beganAtMs = wallClockMs();
    const ann = await HeadlessPerson.enter(server, ROOM);
    await ann.room.publish(new ClipTrack({ clips: [flash], beganAtMs }), { codec: 'vp8' });
    await ann.room.publish(new ClipTrack({ clips: [beep], beganAtMs }), { source: 'microphone' });
    recordingId = await ann.room.recording.start();
    await eventually(
      'two flashes are recorded',
      async () => (await readManifest(server, recordingId)).tracks,
      (tracks) => tracks.length === 2 && tracks.every(({ durationMs }) => durationMs > 9000),
      60_000,
    );
    await ann.room.recording.stop();
    await ann.leave();
  });
  after(async () => {
    client?.close();
    await server?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const path = () => `/api/rooms/${ROOM}/recordings/${recordingId}/compositions`;
  const folder = () => join(dataDir, 'recordings', recordingId);
  const ask = (choice: object) => server.api<Composition>('POST', path(), choice);
  const state = (id: string) => server.api<Composition>('GET', `${path()}/${id}`);
  const made = (id: string) =>
    eventually(
      'it is made',
      () => state(id),
      ({ status }) => status === 'done',
      PATIENCE_MS,
    );
  const fileOf = (id: string, format: string) => join(folder(), `composition-${id}.${format}`);

  test('is made by itself if the room wants that: sound and picture together, as long as the recording, without a fault', async () => {
    const { compositions } = await server.api<{ compositions: Composition[] }>(
      'GET',
      `/api/rooms/${ROOM}/recordings/${recordingId}`,
    );
    const [{ compositionId, format, layout } = assert.fail('nothing is made'), ...others] = compositions;
    assert.deepEqual([format, layout, others], ['mp4', 'gallery', []]);
    assert.equal((await ask({ format: 'mp4', layout: 'gallery' })).compositionId, compositionId);
    const { percent, bytes, error } = await made(compositionId);
    assert.deepEqual({ percent, error }, { percent: 100, error: null });
    const file = fileOf(compositionId, 'mp4');
    assert.equal((await readFile(file)).length, bytes);
    const { durationS, codecs } = await probed(file);
    assert.deepEqual(codecs.sort(), ['aac', 'h264']);
    assert.ok(Math.abs(durationS * 1000 - (await readManifest(server, recordingId)).durationMs) < 100);
    assert.equal(await decodingFaults(file), '');
    // The recording may have begun during a flash.
    const flashes = (await flashesIn(file, MIDDLE)).filter((at) => at > 1);
    const beeps = await beepsIn(file);
    assert.ok(flashes.length >= 2, `${flashes.length} flashes`);
    const apart = flashes.map((at) => Math.min(...beeps.map((beep) => Math.abs(beep - at))));
    assert.ok(
      apart.every((seconds) => seconds <= LIP_SYNC_S),
      `flashes at ${flashes.join(', ')} s, beeps at ${beeps.join(', ')} s`,
    );
  });

  test('goes on after the server was killed in the middle, and is whole', async () => {
    const { compositionId } = await ask({ format: 'mp4', layout: 'speaker' });
    await eventually('something of it is made', async () =>
      (await readdir(folder())).includes(`composition-${compositionId}.work`),
    );
    await server.crash();
    server = await TestServer.start({ dataDir });
    await made(compositionId);
    assert.equal(await decodingFaults(fileOf(compositionId, 'mp4')), '');
    assert.deepEqual(
      (await readdir(folder())).filter((name) => name.endsWith('.work')),
      [],
    );
  });

  test('is asked for by those who may record, fetched with a URL of theirs, and deleted with its file', async () => {
    client = await connect('Olga');
    const place = { roomId: ROOM, recordingId };
    const guest = await connect('Gus', 'guest');
    assert.equal(await guest.refusal('recording.compose', place), 'FORBIDDEN');
    guest.close();
    const { compositionId } = await client.get('recording.compose', { ...place, format: 'm4a' });
    const { bytes } = await made(compositionId);
    const { compositions } = await client.get('recording.open', place);
    assert.equal(compositions.length, 3);
    const url = compositions.find((each) => each.compositionId === compositionId)?.url ?? '';
    const part = await fetch(new URL(url, server.url), { headers: { range: 'bytes=4-7' } });
    assert.equal(part.headers.get('content-range'), `bytes 4-7/${bytes}`);
    assert.equal(part.headers.get('content-type'), 'audio/mp4');
    assert.equal(await part.text(), 'ftyp');
    await client.get('recording.deleteComposition', { ...place, compositionId });
    await client.get('recording.deleteComposition', { ...place, compositionId });
    assert.ok(!(await readdir(folder())).some((name) => name.includes(compositionId)));
    assert.equal((await fetch(new URL(url, server.url))).status, 404);
  });

  test('is cancelled while it is made or waits, and deleted along with the recording', async () => {
    const first = await ask({ format: 'webm', layout: 'gallery' });
    const second = await ask({ format: 'webm', layout: 'speaker' });
    await eventually(
      'the first one is being made',
      async () => (await state(first.compositionId)).percent > 0,
      Boolean,
      PATIENCE_MS,
    );
    await server.api('DELETE', `${path()}/${second.compositionId}`);
    await server.api('DELETE', `${path()}/${first.compositionId}`);
    const left = (await readdir(folder())).filter((name) => name.startsWith('composition-'));
    assert.deepEqual(left.length, 2);
    const third = await ask({ format: 'opus' });
    await server.api('DELETE', `/api/rooms/${ROOM}/recordings/${recordingId}`);
    assert.deepEqual(await readdir(join(dataDir, 'recordings')), []);
    await assert.rejects(state(third.compositionId), /404|RECORDING_UNKNOWN/);
  });

  async function connect(displayName: string, role = 'member'): Promise<ProtocolClient> {
    const identity = await newIdentity(server, {
      displayName,
      role,
      ...(role === 'guest' && { roomId: ROOM }),
    });
    return ProtocolClient.enter(server.url, identity);
  }
});
