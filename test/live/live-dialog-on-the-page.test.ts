import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';

const ROOM = 'team';
const TARGET = 'rtmp://live.example/app';

describe('the dialog of live streams', () => {
  let folder: string;
  let server: TestServer;
  let browser: TestBrowser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-no-gstreamer-'));
    server = await TestServer.start({
      env: {
        CANOPY_LIVE_TARGETS: TARGET,
        CANOPY_LIVE_HLS: 'true',
        // Where GStreamer is installed, it is not found.
        GST_PLUGIN_SYSTEM_PATH_1_0: folder,
        GST_REGISTRY_1_0: join(folder, 'registry'),
      },
      flags: ['--workers', '1'],
    });
    browser = await TestBrowser.launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('says what a stream costs before it starts, and why it cannot start', async () => {
    const page = await browser.page();
    const ann = new Person(page, 'Ann');
    await ann.enterByInvitation(await server.invite({ role: 'member', roomId: ROOM }), ROOM);
    await ann.click('more');
    await ann.click('go-live');
    const cost = page.getByTestId('live-cost');
    assert.match(
      (await cost.textContent()) ?? '',
      /72% of a processor core.* 2628 kbit\/s of its upload bandwidth\.$/,
    );
    const submit = page.getByTestId('live-submit');
    assert.ok(await submit.isDisabled(), 'a stream to a server needs a key');
    await page.getByTestId('live-target').selectOption('hls');
    assert.match((await cost.textContent()) ?? '', /2628 kbit\/s of its upload bandwidth for each viewer\.$/);
    await submit.click();
    await page.getByText('install Debian’s python3-gi').waitFor();
    assert.equal(await page.getByTestId('live').count(), 0);
  });
});
