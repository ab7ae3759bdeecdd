/**
 * What three servers would send in the same three layouts: `node sfu/allocator/comparison.bench.ts`. Computed, nothing is measured.
 *
 * LiveKit: client-sdk-js' `VideoPresets` h180, h360, h720 (bits and frames a second), and its server's choice for an adaptive stream, the
 * lowest layer that reaches the tile's height with a tolerance of a fifth, at all its frames. Jitsi: lib-jitsi-meet's standard VP8 bit
 * rates, and jitsi-meet's default heights from which a tile asks for 360 and 720 lines, at all frames; its bridge forwards them while the
 * receiver's estimate allows. Neither has a budget for a receiver or a link. Audio is counted alike for all.
 *
 * "At equal quality" takes our choice of lines and frames for every tile, sent by the other's ladder: bits follow the frames as with three
 * temporal layers (45 % of the bits for a quarter of the frames, 70 % for half).
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
  /** Lines that a tile asks for. */
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

/** Share of a layer's bits for a share of its frames. */
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
  const { pictures, receivers } = room(peers, layout);
  const [first] = pictures;
  if (first) {
    first.lastSpokeAtMs = 0;
  }
  const audioBps = receivers[0]?.audioBps ?? 0;
  const decision = allocate(input(pictures, receivers));
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
