import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runScenario, type Scenario, summarize } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';

const LOAD: Scenario = {
  name: 'room-of-25',
  description: '23 load peers beside two browsers',
  rooms: 1,
  peersPerRoom: 23,
  others: 2,
  joinsPerSecond: 6,
  // Enough time for two pages on a busy machine to subscribe to the last person who joined.
  durationSeconds: 10,
  video: { codec: 'vp8', layers: '180p' },
  talkersPerRoom: 1,
  processes: 2,
};

test('25 people in one room, two of them in browsers, receive everyone without loss', async (t) => {
  const server = await TestServer.start();
  t.after(() => server.close());
  const browser = await TestBrowser.launch();
  t.after(() => browser.close());
  const [ann, bob] = await Promise.all([
    Person.invited(browser, server, 'Ann', 'crowd-0'),
    Person.invited(browser, server, 'Bob', 'crowd-0'),
  ]);
  const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
  let seen: Promise<unknown> | undefined;
  const progress = (line: string) => {
    // While everyone is there: both browsers decode the last person who joined.
    if (/^23 of 23/.test(line)) {
      seen = Promise.all([ann.sees('Load 23'), bob.sees('Load 23')]);
    }
    t.diagnostic(line);
  };
  const run = await runScenario(LOAD, { url: server.url, apiKey }, progress, 'crowd');
  const summary = summarize(run);
  for (const { label, value } of summary.headline) {
    t.diagnostic(`${label}: ${value}`);
  }
  for (const { label, value } of summary.details.filter(({ label }) => /^server: last/.test(label))) {
    t.diagnostic(`${label}: ${value}`);
  }
  // On an overloaded machine the figures mean nothing, but the room works.
  for (const reason of summary.invalid) {
    t.diagnostic(`no figure counts: ${reason}`);
  }
  assert.deepEqual(
    run.peers.flatMap(({ error }) => error ?? []),
    [],
  );
  assert.ok(summary.complete, 'everybody joined and received everybody');
  const lost = run.peers.reduce((sum, { inbound }) => sum + inbound.lostPackets, 0);
  const received = run.peers.reduce((sum, { inbound }) => sum + inbound.packets, 0);
  assert.ok(lost < 0.001 * received, `${lost} packets were lost, ${received} received`);
  assert.ok(seen);
  await seen;
  const decoded = run.peers.flatMap((peer) => peer.decoded);
  assert.equal(decoded.length, 2);
  for (const { complaints, decodedFrames, sentFrames } of decoded) {
    assert.deepEqual(complaints, []);
    assert.ok(decodedFrames > 0 && decodedFrames === sentFrames);
  }
});
