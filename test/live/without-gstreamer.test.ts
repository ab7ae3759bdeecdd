// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HeadlessPerson } from '../support/headless-person.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';

describe('live streams without GStreamer', () => {
  let folder: string;
  let server: TestServer;
  let ann: HeadlessPerson;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-no-gstreamer-'));
    server = await TestServer.start({
      env: {
        CANOPY_LIVE_HLS: 'true',
        // Where it is installed, it is not found.
        GST_PLUGIN_SYSTEM_PATH_1_0: folder,
        GST_REGISTRY_1_0: join(folder, 'registry'),
      },
      flags: ['--workers', '1'],
    });
    ann = await HeadlessPerson.enter(server, ROOM);
  });
  after(async () => {
    await ann?.leave();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const refused = {
    code: 'LIVE_FAILED',
    detail: /^GStreamer is incomplete \(.+\): install Debian’s python3-gi, .* gstreamer1\.0-plugins-/,
  };

  it('are refused with what to install, and the room goes on', async () => {
    await assert.rejects(ann.room.live.start({ kind: 'hls' }), refused);
    assert.equal(ann.room.live.running, null);
    const bob = await HeadlessPerson.enter(server, ROOM);
    await eventually('Ann sees Bob', () => ann.room.participants.has(bob.participantId));
    await bob.leave();
  });

  it('are refused by the next broadcaster too, after the first was killed', async () => {
    const pid = Number(/"childPid":(\d+)[^\n]*broadcaster started/.exec(server.log)?.[1]);
    process.kill(pid, 'SIGKILL');
    await eventually('the next one has started', () => server.log.split('broadcaster started').length === 3);
    await assert.rejects(ann.room.live.start({ kind: 'hls' }), refused);
  });
});
