import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CanopyError } from '../../../base/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { Broadcaster, BroadcasterEvents, BroadcastOptions } from '../../kernel/index.ts';

const TARGET = 'rtmp://live.example/app';
const KEY = 'the-secret-key';
const RTMP = { kind: 'rtmp', target: TARGET, key: KEY } as const;
const HLS = { kind: 'hls' } as const;

/** The other end of the feature, whose streams begin and end when the test says so. */
class HeldBroadcaster extends EventTarget implements Broadcaster {
  events!: BroadcasterEvents;
  /** What it streams, or is about to, by room. */
  readonly streams = new Map<string, BroadcastOptions['output']>();
  /** Why the next start fails. */
  failure: CanopyError | undefined;
  /** What a start waits for. */
  hold: Promise<void> | undefined;

  listen(events: BroadcasterEvents): void {
    this.events = events;
  }

  async start({ roomId, output }: BroadcastOptions): Promise<void> {
    this.streams.set(roomId, output);
    this.dispatchEvent(new Event('begun'));
    await this.hold;
    if (this.failure) {
      throw this.failure;
    }
  }

  async stop(roomId: string): Promise<void> {
    this.streams.delete(roomId);
  }
}

describe('live streams', () => {
  let broadcaster: HeldBroadcaster;
  let server: InProcessServer;
  let ann: ProtocolClient;
  let bob: ProtocolClient;

  beforeEach(async () => {
    broadcaster = new HeldBroadcaster();
    const flags = { 'live.targets': TARGET, 'live.hls': 'true', 'live.rooms': 1 };
    server = await InProcessServer.start(flags, {}, { broadcaster });
    ann = await enter('team', 'member');
    bob = await enter('team', 'guest');
  });
  afterEach(async () => {
    ann.close();
    bob.close();
    await server.close();
  });

  async function enter(roomId: string, role: string): Promise<ProtocolClient> {
    const identity = await newIdentity(server, { role, roomId, displayName: role });
    const client = await ProtocolClient.enter(server.url, identity);
    await client.get('room.join', { roomId });
    return client;
  }

  /** What somebody who comes now is told. */
  async function seenByNewcomer() {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server, { roomId: 'team' }));
    const { parts } = await client.get('room.join', { roomId: 'team' });
    client.close();
    return parts.live;
  }

  it('are seen by everyone in the room and by those who come later, but not their keys', async () => {
    await ann.get('live.start', RTMP);
    assert.deepEqual(broadcaster.streams.get('team'), { rtmp: TARGET, key: KEY });
    const { live } = await bob.event('live.changed');
    assert.deepEqual([live?.kind, live?.host, live?.startedBy], ['rtmp', 'live.example', 'member']);
    const later = await seenByNewcomer();
    assert.deepEqual(later.running, live);
    const { body } = await server.api('GET', '/api/audit?limit=50');
    assert.match(JSON.stringify(body), /"live\.start"/);
    for (const shown of [live, later, body]) {
      assert.ok(!JSON.stringify(shown).includes(KEY));
    }
    await ann.get('live.stop', {});
    assert.equal((await bob.event('live.changed', (event) => event.live === null)).reason, 'stopped');
    assert.equal(broadcaster.streams.size, 0);
  });

  it('are started and stopped by those who may record only', async () => {
    assert.equal(await bob.refusal('live.start', HLS), 'FORBIDDEN');
    await ann.get('live.start', HLS);
    assert.equal(await bob.refusal('live.stop', {}), 'FORBIDDEN');
    assert.equal(broadcaster.streams.size, 1);
  });

  it('go to the operator’s servers and applications only (threat 28)', async () => {
    const loopback = { ...RTMP, target: 'rtmp://127.0.0.1:1935/app' };
    assert.equal(await ann.refusal('live.start', loopback), 'TARGET_REFUSED');
    for (const key of ['../other/key', 'a/b', 'a b', 'a#b', '']) {
      assert.equal(await ann.refusal('live.start', { ...RTMP, key }), 'BAD_REQUEST', key);
    }
    assert.equal(broadcaster.streams.size, 0);
  });

  it('are limited to one for each room, and to the server’s number of rooms', async () => {
    const carol = await enter('other', 'member');
    await ann.get('live.start', RTMP);
    assert.equal(await ann.refusal('live.start', HLS), 'LIVE_RUNNING');
    assert.equal(await carol.refusal('live.start', HLS), 'LIMIT_REACHED');
    await ann.get('live.stop', {});
    await carol.get('live.start', HLS);
    carol.close();
  });

  it('that cannot start say why, and leave nothing behind', async () => {
    broadcaster.failure = new CanopyError('LIVE_FAILED', 'publish denied');
    const answer = await ann.ask('live.start', HLS);
    assert.ok(!answer.ok);
    assert.deepEqual([answer.error.code, answer.error.detail], ['LIVE_FAILED', 'publish denied']);
    assert.equal(broadcaster.streams.size, 0);
    assert.deepEqual(readdirSync(join(server.dataDir, 'live')), []);
    assert.equal((await seenByNewcomer()).running, null);
    broadcaster.failure = undefined;
    await ann.get('live.start', RTMP);
    await bob.event('live.changed');
    assert.equal(bob.count('live.changed'), 1);
  });

  it('that are interrupted are shown as such, and end with a reason once they cannot go on', async () => {
    await ann.get('live.start', RTMP);
    broadcaster.events.flowing('team', false);
    await bob.event('live.changed', ({ live }) => live?.isFlowing === false);
    broadcaster.events.flowing('team', true);
    broadcaster.events.ended('team', new CanopyError('LIVE_FAILED'));
    const { reason, by } = await bob.event('live.changed', ({ live }) => live === null);
    assert.deepEqual([reason, by], ['failed', null]);
    assert.equal((await seenByNewcomer()).running, null);
  });

  it('end when somebody stops them while they start, and the next one is left alone', async () => {
    const begun = once(broadcaster, 'begun');
    const { promise, resolve } = Promise.withResolvers<void>();
    broadcaster.hold = promise;
    const first = ann.ask('live.start', RTMP);
    await begun;
    await ann.get('live.stop', {});
    broadcaster.hold = undefined;
    await ann.get('live.start', HLS);
    resolve();
    assert.equal((await first).ok, false);
    assert.ok('hls' in (broadcaster.streams.get('team') ?? {}));
    await bob.event('live.changed');
    assert.equal(bob.count('live.changed'), 1);
  });

  it('end when everyone has left', async () => {
    await ann.get('live.start', RTMP);
    await bob.get('room.leave', {});
    assert.equal(broadcaster.streams.size, 1);
    await ann.get('room.leave', {});
    await eventually('the stream has ended', () => broadcaster.streams.size === 0);
  });

  it('as HLS are files for whoever has the link, on any site’s pages, until they end', async () => {
    await ann.get('live.start', HLS);
    const { live } = await bob.event('live.changed');
    const output = broadcaster.streams.get('team');
    assert.ok(live?.path && output && 'hls' in output);
    writeFileSync(join(output.hls, 'live.m3u8'), '#EXTM3U\n000000.ts\n');
    writeFileSync(join(output.hls, '000000.ts'), 'picture');
    writeFileSync(join(output.hls, 'secret'), 'no segment');
    const fetched = (path: string) => fetch(new URL(path, server.url));
    const playlist = await fetched(live.path);
    assert.equal(playlist.headers.get('content-type'), 'application/vnd.apple.mpegurl');
    assert.equal(playlist.headers.get('access-control-allow-origin'), '*');
    assert.match(await playlist.text(), /000000\.ts/);
    const segment = live.path.replace('live.m3u8', '000000.ts');
    assert.equal(await (await fetched(segment)).text(), 'picture');
    for (const path of ['secret', '..%2f..%2fcanopy.db', '1.ts', '%2e%2e/canopy.db']) {
      assert.equal((await fetched(live.path.replace('live.m3u8', path))).ok, false, path);
    }
    assert.equal((await fetched(`/live/${'0'.repeat(32)}/live.m3u8`)).status, 404);
    await ann.get('live.stop', {});
    assert.equal((await fetched(segment)).status, 404);
    assert.equal(existsSync(output.hls), false);
  });

  it('threat 72: viewers who take nothing hold a limited number of files', async () => {
    await ann.get('live.start', HLS);
    const { live } = await bob.event('live.changed');
    const output = broadcaster.streams.get('team');
    assert.ok(live?.path && output && 'hls' in output);
    // More than the sockets' buffers take.
    writeFileSync(join(output.hls, '1.ts'), '');
    truncateSync(join(output.hls, '1.ts'), 64 * 1024 * 1024);
    const segment = new URL(live.path.replace('live.m3u8', '1.ts'), server.url);
    const statusOf = async () => {
      const request = get(segment, { agent: false });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return { request, status: answer.statusCode };
    };
    const held = await Promise.all(Array.from({ length: 100 }, statusOf));
    assert.deepEqual([...new Set(held.map(({ status }) => status))], [200]);
    assert.equal((await statusOf()).status, 429);
    for (const { request } of held) {
      request.destroy();
    }
    await eventually('others can watch again', async () => (await statusOf()).status === 200);
  });

  it('are refused where the operator wants none', async () => {
    const bare = await InProcessServer.start();
    const identity = await newIdentity(bare, { role: 'member', roomId: 'team' });
    const client = await ProtocolClient.enter(bare.url, identity);
    const { parts } = await client.get('room.join', { roomId: 'team' });
    assert.deepEqual([parts.live.targets, parts.live.hls], [[], false]);
    assert.equal(await client.refusal('live.start', HLS), 'TARGET_REFUSED');
    client.close();
    await bare.close();
  });
});
