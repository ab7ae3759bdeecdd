/**
 * What three servers would send in the same three layouts: `node sfu/allocator/comparison.bench.ts`. Calculated, not measured.
 *
 * LiveKit: client-sdk-js' `VideoPresets` h180, h360 and h720 (bitrate and frame rate), and its server's choice for adaptive streams: the
 * lowest layer that reaches the tile's height with 20 % tolerance, at full frame rate. Jitsi: lib-jitsi-meet's standard VP8 bitrates, and
 * jitsi-meet's default tile heights from which 360 and 720 lines are requested, at full frame rate; its bridge forwards them as far as the
 * receiver's estimate allows. Neither has a budget per receiver or link. Audio counts the same for all.
 *
 * "At equal quality" takes our lines and frame rate for every tile, sent with the other server's ladder; bitrate follows frame rate as with
 * three temporal layers (45 % of the bitrate for a quarter of the frames, 70 % for half).
 */
import { parseArgs } from 'node:util';
import { allocate } from './index.ts';
import { GALLERY, input, type Layout, NINE, room, STAGE_AND_6 } from './test-support.ts';

interface Rung {
  heightPx: number;
  bitrateBps: number;
  fps: number;
}

interface Server {
  name: string;
  ladder: Rung[];
  /** Lines requested for a tile. */
  askedPx(tileHeightPx: number): number;
}

const LIVEKIT: Server = {
  name: 'LiveKit',
  ladder: [
    { heightPx: 180, bitrateBps: 160_000, fps: 20 },
    { heightPx: 360, bitrateBps: 450_000, fps: 20 },
    { heightPx: 720, bitrateBps: 1_700_000, fps: 30 },
  ],
  askedPx: (tileHeightPx) => tileHeightPx * 0.8,
};

const JITSI: Server = {
  name: 'Jitsi',
  ladder: [
    { heightPx: 180, bitrateBps: 200_000, fps: 30 },
    { heightPx: 360, bitrateBps: 500_000, fps: 30 },
    { heightPx: 720, bitrateBps: 1_500_000, fps: 30 },
  ],
  askedPx: (tileHeightPx) => (tileHeightPx >= 720 ? 720 : tileHeightPx >= 360 ? 360 : 180),
};

/** Share of a layer's bitrate for a share of its frames. */
function bitShare(frameShare: number): number {
  if (frameShare >= 1) {
    return 1;
  }
  if (frameShare >= 0.5) {
    return 0.7 + (frameShare - 0.5) * 0.6;
  }
  return 0.45 + Math.max(0, frameShare - 0.25);
}

function byItsRules({ ladder, askedPx }: Server, tileHeightPx: number): number {
  const rung = ladder.find(({ heightPx }) => heightPx >= askedPx(tileHeightPx)) ?? ladder.at(-1);
  return rung?.bitrateBps ?? 0;
}

function atEqualQuality({ ladder }: Server, heightPx: number, fps: number): number {
  const rung = ladder.find((each) => each.heightPx >= heightPx) ?? ladder.at(-1);
  return rung ? rung.bitrateBps * bitShare(fps / rung.fps) : 0;
}

const { values } = parseArgs({ options: { peers: { type: 'string', default: '25' } } });
const peers = Number(values.peers);
const LAYOUTS: Record<string, Layout> = {
  'gallery of 25': GALLERY,
  'stage + 6': STAGE_AND_6,
  '9 tiles': NINE,
};

function mbit(bps: number): number {
  return Number((bps / 1_000_000).toFixed(2));
}

function row(layout: string, server: string, receiverVideoBps: number[], audioBps: number) {
  const egressBps = receiverVideoBps.reduce((sum, each) => sum + each + audioBps, 0);
  return {
    layout,
    server,
    'Mbit/s a receiver, at most': mbit(Math.max(...receiverVideoBps) + audioBps),
    'Mbit/s in all': mbit(egressBps),
  };
}

const rows = Object.entries(LAYOUTS).flatMap(([name, layout]) => {
  const { videos, receivers } = room(peers, layout);
  const [first] = videos;
  if (first) {
    first.lastSpokeAtMs = 0;
  }
  const audioBps = receivers[0]?.audioBps ?? 0;
  const decision = allocate(input(videos, receivers));
  const points = first?.points ?? [];
  const perReceiver = (bitsOf: (tileHeightPx: number, heightPx: number, fps: number) => number) =>
    receivers.map(({ tiles }, index) =>
      tiles.reduce((sum, tile, at) => {
        const layers = decision.receivers[index]?.tiles[at]?.layers;
        const point = points.find(
          (each) => each.spatialLayer === layers?.spatialLayer && each.temporalLayer === layers.temporalLayer,
        );
        return sum + bitsOf(tile.height, point?.heightPx ?? 0, point?.framesPerSecond ?? 0);
      }, 0),
    );
  return [
    row(
      name,
      'Canopy',
      decision.receivers.map(({ videoBps }) => videoBps),
      audioBps,
    ),
    ...[LIVEKIT, JITSI].flatMap((server) => [
      row(
        name,
        `${server.name}, by its own rules`,
        perReceiver((tilePx) => byItsRules(server, tilePx)),
        audioBps,
      ),
      row(
        name,
        `${server.name}'s ladder at equal quality`,
        perReceiver((_, heightPx, fps) => atEqualQuality(server, heightPx, fps)),
        audioBps,
      ),
    ]),
  ];
});
console.log(`${peers} people, all sending cameras, each receiver given 2 Mbit/s by Canopy`);
console.table(rows);
