import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';

test('a browser sees another in AV1 if the server has it enabled', async (t) => {
  const server = await TestServer.start({ env: { CANOPY_MEDIA_AV1: 'true' } });
  t.after(() => server.close());
  const browser = await TestBrowser.launch();
  t.after(() => browser.close());
  const [ann, bob] = await Promise.all([
    Person.invited(browser, server, 'Ann'),
    Person.invited(browser, server, 'Bob'),
  ]);
  await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
  // Only one: encoding AV1 in software takes a core.
  await ann.sendCameraAs('av1');
  assert.equal((await bob.sees('Ann')).codec, 'video/AV1');
  await browser.close();
  await untilBaseline(server);
});
