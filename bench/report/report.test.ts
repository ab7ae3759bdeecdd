import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayHistogram, NO_PACKETS } from '../../client/node/index.ts';
import type { PeerReport, RunData, ServerSnapshot } from '../generator/index.ts';
import { toCsv } from './csv.ts';
import { toHtml } from './html.ts';
import { summarize } from './index.ts';

function peer(index: number, lostPackets = 0): PeerReport {
  const delay = new DelayHistogram();
  delay.add(3.5);
  return {
    index,
    roomId: 'a "room", <b>bold</b>',
    join: { startedAtMs: 1000 + 500 * index, connectMs: 10, joinMs: 20, publishMs: 30, firstMediaMs: 40 },
    error: undefined,
    audioStreams: 1,
    videoStreams: 1,
    silentVideoStreams: 0,
    pausedVideoStreams: 0,
    earlierFirstMediaMs: [],
    firstPicturesAtMs: [1600 + 1000 * index],
    inboundBefore: { ...NO_PACKETS, packets: 999, lostPackets: index },
    inbound: { ...NO_PACKETS, packets: 10_000, bytes: 1e6, lostPackets },
    link: { sentPackets: 1, sentBytes: 1, receivedPackets: 10_000, receivedBytes: 1e6 },
    jitterP95Ms: 1,
    delay: delay.toJSON(),
    decoded: [],
  };
}

function run(overrides: Partial<RunData> = {}): RunData {
  const snapshot = (atMs: number): ServerSnapshot => ({
    atMs,
    nodeCpuSeconds: atMs / 1e5,
    workerCpuSeconds: atMs / 1e4,
    nodeRssBytes: 2 ** 27,
    workerMaxRssBytes: 2 ** 26,
    consumers: 4,
    workerDeaths: 0,
    joinStages: {},
    // The first took 100 ms, the second 150 ms.
    joinTotals: { joined: { seconds: atMs < 1000 ? 0.1 : 0.25, count: atMs < 1000 ? 1 : 2 } },
  });
  return {
    scenario: {
      name: 'two',
      description: 'Two people & <script>',
      rooms: 1,
      peersPerRoom: 2,
      joinsPerSecond: 1,
      durationSeconds: 10,
      video: { codec: 'vp8', layers: '180p' },
      talkersPerRoom: 1,
    },
    startedAt: new Date(0),
    peers: [peer(0), peer(1)],
    processes: [{ samples: [], cpuSeconds: 2, wallSeconds: 10 }],
    server: {
      before: snapshot(0),
      beforeLast: snapshot(500),
      cameIn: snapshot(1000),
      joined: snapshot(1000),
      measuring: snapshot(1000),
      returnsOfLast: [{ joined: 10 }, { joined: 30 }, { joined: 20 }],
      after: snapshot(11_000),
    },
    machine: {
      empty: { total: 0, idle: 0, steal: 0 },
      cameIn: { total: 400, idle: 100, steal: 0 },
      before: { total: 0, idle: 0, steal: 0 },
      after: { total: 100, idle: 50, steal: 1 },
    },
    ...overrides,
  };
}

const figure = (data: RunData, label: string) =>
  [...summarize(data).headline, ...summarize(data).details].find((each) => each.label.startsWith(label))
    ?.value;

test('the times of the last one are told as quantiles of its returns', () => {
  assert.equal(figure(run(), 'server: last peer to stage joined, 3 times, p50'), 20);
  assert.equal(figure(run(), 'server: last peer to stage joined, 3 times, p99'), 30);
});

test('of those who come together it is told when all were in and saw each other, and what that cost', () => {
  const { scenario } = run();
  const together = run({ scenario: { ...scenario, allTogether: true } });
  assert.equal(figure(together, 'from the first connection to the last one'), 500);
  assert.equal(figure(together, 'from the first connection to everyone joined'), 530);
  assert.equal(figure(together, 'from the first connection to a video’s first frame, p50'), 600);
  assert.equal(figure(together, 'from the first connection to the last video’s first frame'), 1600);
  assert.equal(figure(together, 'loss while joining'), 0.05);
  assert.equal(figure(together, 'CPU while joining: the whole machine'), 3);
  assert.equal(figure(run(), 'from the first connection to everyone joined'), undefined);
});

test('a quiet run is valid, and its figures follow from what was counted', () => {
  const summary = summarize(run());
  assert.deepEqual(summary.invalid, []);
  assert.equal(figure(run(), 'server: last peer, from'), 150);
  assert.equal(summary.complete, true);
  // 2 peers, 1 MB and 10,000 packets of 44 bytes overhead each in 10 s.
  assert.equal(figure(run(), 'server to peers'), 2.3);
  assert.equal(figure(run(), 'media workers’ CPU'), 10);
  assert.equal(figure(run(), 'generator: CPU (%'), 20);
});

test('a generator over 70 % of a core makes the run invalid', () => {
  const busy = run({ processes: [{ samples: [], cpuSeconds: 7.1, wallSeconds: 10 }] });
  assert.match(summarize(busy).invalid.join(), /71 % of a core/);
});

test('loss over 0.1 % on a clean path makes the run invalid, behind a bad network it does not', () => {
  const peers = [peer(0, 30), peer(1)];
  assert.match(summarize(run({ peers })).invalid.join(), /lost although no emulated network loses/);
  const { scenario } = run();
  assert.deepEqual(
    summarize(run({ peers, scenario: { ...scenario, network: { up: [], down: [] } } })).invalid,
    [],
  );
});

test('a media worker that was replaced makes the run invalid', () => {
  const { server } = run();
  const after = { ...server.after, workerDeaths: 1 };
  assert.match(summarize(run({ server: { ...server, after } })).invalid.join(), /1 media workers died/);
});

test('a peer that could not join makes the run invalid', () => {
  const peers = [peer(0), { ...peer(1), join: undefined, error: 'The room is full' }];
  assert.match(summarize(run({ peers })).invalid.join(), /1 peers did not join: The room is full/);
});

test('the page has every section, escapes what it is given, and needs nothing from elsewhere', () => {
  const html = toHtml(run(), summarize(run()));
  for (const title of ['Environment', 'Headline', 'Not measured', 'Traps', 'Claim']) {
    assert.ok(html.includes(`<h2>${title}</h2>`), title);
  }
  assert.ok(!html.includes('<script'));
  assert.ok(!/(?:src|href)=/.test(html));
  assert.ok(html.includes('<svg'));
});

test('an invalid run shows no figure', () => {
  const data = run({ peers: [peer(0, 500), peer(1)] });
  const html = toHtml(data, summarize(data));
  assert.ok(html.includes('INVALID'));
  assert.ok(!html.includes('Mbit/s'));
});

test('the CSV quotes what has to be quoted', () => {
  const lines = toCsv(run()).split('\r\n');
  assert.equal(lines.length, 4);
  assert.ok(lines[1]?.startsWith('0,"a ""room"", <b>bold</b>",,10.0,20.0'));
});
