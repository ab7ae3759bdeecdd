import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runScenario, type Scenario, summarize, UdpRelay } from '../../bench/index.ts';
import { FirefoxBrowser } from '../support/firefox.ts';
import { ownAddress } from '../support/large-scene.ts';
import { freePort } from '../support/programs.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { EncryptedCall } from './encrypted-call.ts';

const LOAD: Scenario = {
  name: 'encrypted-28',
  description: '25 load peers beside two pages in Chromium and one in Firefox, end-to-end encrypted',
  rooms: 1,
  peersPerRoom: 25,
  others: 3,
  joinsPerSecond: 3,
  // Enough for three pages on a busy machine to see everyone.
  settleSeconds: 60,
  durationSeconds: 10,
  video: { codec: 'vp8', layers: '180p' },
  encrypted: true,
  talkersPerRoom: 1,
  processes: 2,
  decodedStreams: 0,
};
const PEOPLE = 28;
const TILE = { width: 160, height: 90 };

const address = ownAddress();

test('28 people in an encrypted room, three of them in Chromium, Chromium and Firefox, all decrypt everyone', {
  skip: !address && 'Firefox needs an address that is not loopback',
}, async (t) => {
  const pagePort = await freePort();
  const server = await TestServer.start({
    flags: ['--workers', '1'],
    env: {
      CANOPY_SERVER_ORIGINS: `http://localhost:${pagePort}`,
      CANOPY_MEDIA_ENCRYPTION: 'required',
      CANOPY_LIMITS_PARTICIPANTS_PER_ROOM: String(PEOPLE),
    },
  });
  t.after(() => server.close());
  const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
  assert.ok(port && address);
  const relay = await UdpRelay.create({
    listen: { address, port: 0 },
    upstream: { address: '127.0.0.1', port },
  });
  t.after(() => relay.close());
  const firefox = await FirefoxBrowser.launch(relay.address);
  t.after(() => firefox.close());
  const call = await EncryptedCall.open(server, 440);
  t.after(() => call.close());
  const pages = [
    await call.person('Ada'),
    await call.person('Bob'),
    await call.personInFirefox(firefox, pagePort, 'Finn'),
  ];
  for (const page of pages) {
    await page.enter({ roomId: 'crowd-0', way: 'encrypted', tile: TILE });
    await page.send('microphone');
    await page.send('camera');
  }
  /** Whom a page has seen. The load peers leave when they have been measured. */
  const sees = async (page: (typeof pages)[number]) => {
    const seen = new Set<string>();
    await eventually(
      `${page.name} sees everyone`,
      async () => {
        for (const { source, decoded, participantId } of await page.received()) {
          if (source === 'camera' && decoded > 0) {
            seen.add(participantId);
          }
        }
        return seen.size;
      },
      (count) => count === PEOPLE - 1,
      180_000,
    );
  };
  const seen = Promise.all(pages.map(sees));
  // It is awaited once the load peers have been measured.
  seen.catch(() => {});
  const progress = (line: string) => t.diagnostic(line);
  const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
  const run = await runScenario(LOAD, { url: server.url, apiKey }, progress, 'crowd');
  await seen;
  assert.deepEqual(
    run.peers.flatMap(({ error }) => error ?? []),
    [],
  );
  assert.ok(summarize(run).complete, 'every load peer decrypted everyone');
  for (const page of pages) {
    const forged = (await page.received()).filter(({ refused }) => (refused.forged ?? 0) > 0);
    assert.deepEqual(forged, []);
    const { state, alarms, members } = (await page.encryption()) ?? {};
    t.diagnostic(`${page.name}: ${state}, ${members} members`);
    assert.deepEqual(alarms, []);
  }
});
