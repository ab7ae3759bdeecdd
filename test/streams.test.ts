import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { NewStreamKey, StreamDirection } from '../contract/index.ts';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { noStreamPrograms, PythonStream, type Watched } from './support/python-stream.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'studio';
const PEOPLE_HZ = 900;
const STREAM_HZ = 440;
/** Red, as Y, U and V. */
const RED = [81, 90, 240] as const;

interface Allocation {
  receivers: Array<{ peerId: string; tiles: Array<{ layers: object | null }> }>;
}
interface RoomList {
  rooms: Array<{ participants: Array<{ participantId: string; muted: boolean }> }>;
}

declare const window: {
  canopy: { client: { streamKeys: StreamKeysOnPage }; room: RoomOnPage };
  /** The connection of a WHIP or WHEP client in this page, and its session. */
  stream?: { connection: RTCPeerConnection; location: string; etag: string };
};
interface StreamKeysOnPage {
  create(roomId: string, given: { direction: StreamDirection; name: string }): Promise<NewStreamKey>;
}
interface OnRoster {
  participantId: string;
  peerId: string;
  displayName: string;
  kind: string;
  roomRole?: string;
}
interface RoomOnPage {
  participants: Map<string, OnRoster>;
  mute(participantId: string): Promise<void>;
  moderation: { ask(participantId: string, source: 'microphone'): Promise<void> };
}

describe('streams', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch({ toneHz: PEOPLE_HZ });
    ann = await Person.invited(browser, server, 'Ann', ROOM);
    bob = await Person.invited(browser, server, 'Bob', ROOM);
    // A room of two, whose microphones would be louder than any stream.
    await Promise.all([ann, bob].map((person) => person.click('microphone')));
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const makeKey = (direction: StreamDirection, name: string) =>
    ann.page.evaluate(
      ([direction, name, room]) => window.canopy.client.streamKeys.create(room, { direction, name }),
      [direction, name, ROOM] as const,
    );
  const onRoster = (name: string) =>
    ann.page.evaluate(
      (name) => [...window.canopy.room.participants.values()].find(({ displayName }) => displayName === name),
      name,
    );
  const isRed = ({ video }: Watched) =>
    video?.yuv.every((value, index) => Math.abs(value - (RED[index] ?? 0)) < 12) === true;

  it('FFmpeg sends into a room by WHIP, two people see and hear it, and aiortc watches it by WHEP', {
    skip: noStreamPrograms,
  }, async () => {
    const publisher = await PythonStream.publish(await makeKey('publish', 'Studio'));
    try {
      const seen = await Promise.all([ann.sees('Studio'), bob.sees('Studio')]);
      assert.deepEqual(
        seen.map(({ codec, frameWidth }) => [codec, frameWidth]),
        [
          ['video/H264', 640],
          ['video/H264', 640],
        ],
      );
      await Promise.all([ann.hears('Studio', STREAM_HZ), bob.hears('Studio', STREAM_HZ)]);
      for (const person of [ann, bob]) {
        const [red, green, blue] = await colourAt(person, 'Studio');
        assert.ok(red > 200 && green < 60 && blue < 60, `${person.name} sees ${red}, ${green}, ${blue}`);
      }
      const participant = await onRoster('Studio');
      assert.deepEqual([participant?.kind, participant?.roomRole], ['stream', 'speaker']);

      const viewer = await PythonStream.watch(await makeKey('watch', 'Wall'));
      try {
        await eventually('the viewer sees red', () => viewer.watched, isRed);
        await eventually(
          'the viewer hears the tone',
          () => viewer.watched,
          ({ audio }) => Math.abs((audio?.hz ?? 0) - STREAM_HZ) < 5,
        );
        assert.equal((await onRoster('Wall'))?.roomRole, 'viewer');
        await grantedTo('Wall');
      } finally {
        await viewer.end();
      }
    } catch (error) {
      throw new Error(`the publisher wrote: ${publisher.output}`, { cause: error });
    } finally {
      await publisher.end();
    }
    await eventually('the stream has left', async () => (await onRoster('Studio')) === undefined);
  });

  it('a page sends by WHIP, is muted and started again by a moderator, and ends when its key is revoked', async () => {
    const page = await browser.page(server.url);
    // The page shows the key once.
    await ann.click('invite');
    await ann.click('streams');
    await ann.page.getByTestId('stream-name').fill('Page');
    await ann.click('create-stream-key');
    const key = {
      url: await ann.page.getByTestId('stream-address').inputValue(),
      secret: await ann.page.getByTestId('stream-key').inputValue(),
    };
    assert.equal(await sendFrom(page, key), 201);
    await ann.page.keyboard.press('Escape');
    await Promise.all([ann.sees('Page'), bob.sees('Page')]);
    await Promise.all([ann.hears('Page', PEOPLE_HZ), bob.hears('Page', PEOPLE_HZ)]);
    const { participantId = '' } = (await onRoster('Page')) ?? {};
    await ann.page.evaluate((id) => window.canopy.room.mute(id), participantId);
    await isMuted(participantId, true);
    // It has no button to unmute itself, so it does when it is asked.
    await ann.page.evaluate((id) => window.canopy.room.moderation.ask(id, 'microphone'), participantId);
    await isMuted(participantId, false);
    await ann.hears('Page', PEOPLE_HZ);
    await ann.click('invite');
    await ann.click('streams');
    const row = ann.page.getByTestId('stream-key-row').filter({ hasText: 'Page' });
    assert.match((await row.textContent()) ?? '', /In use now/);
    assert.equal(await ann.page.getByTestId('stream-key').count(), 0, 'the key is not shown again');
    await row.getByTestId('revoke-stream-key').click();
    await ann.page.keyboard.press('Escape');
    await eventually('the stream has left', async () => (await onRoster('Page')) === undefined);
    await page.close();
  });

  it('a page watches by WHEP: it gets whoever speaks, and after an ICE restart still does', async () => {
    const page = await browser.page(server.url);
    const key = await makeKey('watch', 'Screen');
    await ann.click('microphone');
    assert.equal(await watchFrom(page, key), 201);
    const frames = () => received(page);
    const first = await eventually('pictures arrive', frames, ({ frames }) => frames > 10);
    assert.equal(first.codec, 'video/VP8');
    await eventually('sound arrives', frames, ({ audioEnergy }) => audioEnergy > 0.001);
    await grantedTo('Screen');
    assert.equal(await restartIce(page, key), 200);
    const { frames: before } = await frames();
    await eventually('pictures go on', frames, ({ frames }) => frames > before + 20);
    assert.equal(await endFrom(page, key), 200);
    await eventually('the viewer has left', async () => (await onRoster('Screen')) === undefined);
    await page.close();
  });

  it('leaves nothing behind', async () => {
    await Promise.all([ann, bob].map((person) => person.leave()));
    await untilBaseline(server);
  });

  /** Waits until the allocator grants this viewer its tile. */
  async function grantedTo(name: string): Promise<void> {
    const viewer = await onRoster(name);
    await eventually(
      `${name} is granted a video`,
      () => server.api<Allocation>('GET', `/api/rooms/${ROOM}/allocation`),
      ({ receivers }) => {
        const tiles = receivers.find(({ peerId }) => peerId === viewer?.peerId)?.tiles ?? [];
        return tiles.length === 1 && tiles[0]?.layers != null;
      },
    );
  }

  async function isMuted(participantId: string, muted: boolean): Promise<void> {
    await eventually(
      muted ? 'the stream is muted' : 'the stream is not muted',
      () => server.api<RoomList>('GET', '/api/rooms'),
      ({ rooms }) =>
        rooms
          .flatMap(({ participants }) => participants)
          .some((each) => each.participantId === participantId && each.muted === muted),
    );
  }
});

/** The colour in the middle of somebody's video on a person's page. */
function colourAt({ page }: Person, name: string): Promise<[red: number, green: number, blue: number]> {
  return page.evaluate(async (name) => {
    const { room } = window.canopy as unknown as {
      room: {
        tracks: Array<{ kind: string; track: MediaStreamTrack; participant?: { displayName: string } }>;
      };
    };
    const found = room.tracks.find(
      ({ kind, participant }) => kind === 'video' && participant?.displayName === name,
    );
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = new MediaStream(found ? [found.track] : []);
    await video.play();
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas?.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas?.getImageData(0, 0, 1, 1).data ?? [];
    return [red, green, blue];
  }, name);
}

/** Sends the page's camera and microphone by WHIP, as a simple client does. Returns the status of the answer. */
function sendFrom(page: Page, { url, secret }: Pick<NewStreamKey, 'url' | 'secret'>): Promise<number> {
  return page.evaluate(
    async ([url, secret]) => {
      const connection = new RTCPeerConnection();
      const processing = { noiseSuppression: false, autoGainControl: false, echoCancellation: false };
      const media = await navigator.mediaDevices.getUserMedia({ audio: processing, video: true });
      for (const track of media.getTracks()) {
        connection.addTransceiver(track, { direction: 'sendonly' });
      }
      await connection.setLocalDescription();
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/sdp' };
      const body = connection.localDescription?.sdp ?? '';
      const answer = await fetch(new URL(url).pathname, { method: 'POST', headers, body });
      await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
      const { headers: given } = answer;
      window.stream = { connection, location: given.get('location') ?? '', etag: given.get('etag') ?? '' };
      return answer.status;
    },
    [url, secret] as const,
  );
}

/** Watches by WHEP, as a simple player does. Returns the status of the answer. */
function watchFrom(page: Page, { url, secret }: NewStreamKey): Promise<number> {
  return page.evaluate(
    async ([url, secret]) => {
      const connection = new RTCPeerConnection();
      const media = new MediaStream();
      connection.addTransceiver('audio', { direction: 'recvonly' });
      connection.addTransceiver('video', { direction: 'recvonly' });
      connection.ontrack = ({ track }) => media.addTrack(track);
      await connection.setLocalDescription();
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/sdp' };
      const body = connection.localDescription?.sdp ?? '';
      const answer = await fetch(new URL(url).pathname, { method: 'POST', headers, body });
      await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
      const { headers: given } = answer;
      window.stream = { connection, location: given.get('location') ?? '', etag: given.get('etag') ?? '' };
      const video = document.createElement('video');
      video.srcObject = media;
      document.body.append(video);
      await video.play();
      return answer.status;
    },
    [url, secret] as const,
  );
}

/** What a page that watches has received. */
function received(page: Page): Promise<{ frames: number; codec: string; audioEnergy: number }> {
  return page.evaluate(async () => {
    const stats = [...((await window.stream?.connection.getStats()) ?? new Map()).values()];
    const inbound = (kind: string) => stats.find((each) => each.type === 'inbound-rtp' && each.kind === kind);
    const codec = stats.find(({ id }) => id === inbound('video')?.codecId);
    return {
      frames: inbound('video')?.framesDecoded ?? 0,
      codec: codec?.mimeType ?? '',
      audioEnergy: inbound('audio')?.totalAudioEnergy ?? 0,
    };
  });
}

/** Restarts ICE by a PATCH (RFC 9725 §4.3.3). Returns the status of the answer. */
function restartIce(page: Page, { secret }: NewStreamKey): Promise<number> {
  return page.evaluate(async (secret) => {
    const { connection, location } = window.stream as NonNullable<typeof window.stream>;
    const answerBefore = connection.remoteDescription?.sdp ?? '';
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    const offer = connection.localDescription?.sdp ?? '';
    const lineOf = (sdp: string, name: string) =>
      new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0].trim() ?? '';
    const body = [lineOf(offer, 'ice-ufrag'), lineOf(offer, 'ice-pwd'), ''].join('\r\n');
    const headers = {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/trickle-ice-sdpfrag',
      'if-match': '*',
    };
    const answer = await fetch(location, { method: 'PATCH', headers, body });
    const fragment = await answer.text();
    const sdp = answerBefore
      .replaceAll(/^a=ice-ufrag:.*$/gm, lineOf(fragment, 'ice-ufrag'))
      .replaceAll(/^a=ice-pwd:.*$/gm, lineOf(fragment, 'ice-pwd'));
    await connection.setRemoteDescription({ type: 'answer', sdp });
    return answer.status;
  }, secret);
}

function endFrom(page: Page, { secret }: NewStreamKey): Promise<number> {
  return page.evaluate(async (secret) => {
    const { location } = window.stream as NonNullable<typeof window.stream>;
    const headers = { authorization: `Bearer ${secret}` };
    return (await fetch(location, { method: 'DELETE', headers })).status;
  }, secret);
}
