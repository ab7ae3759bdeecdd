import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate, type TileDecision, type VideoState } from '../allocator/index.ts';
import { SenderLayers } from './sender-layers.ts';

const TICK_MS = 100;
/** Decisions are made this often, unless the sender's layers are settled, and when a layer starts or stops. */
const TICKS_PER_DECISION = 20;
/** A worker takes this long to notice that a layer has stopped, and uses a simulcast layer once it is this old. */
const ENDED_TICKS = 15;
const OLD_TICKS = 20;
/** What an encoder needs to send each layer on top of the lower ones, and what the layer then uses, both in kbit/s. */
const MIN_KBPS = [50, 200, 600];
const TAKES_KBPS = [150, 500, 1200];
const SIZES = { small: [240, 135], medium: [640, 360], large: [1280, 720] } as const;

interface Phase {
  ticks: number;
  size: keyof typeof SIZES;
  uplinkKbps: number;
  /** The sender has lost its network, or its camera is off. */
  silent: boolean;
}

const phase: fc.Arbitrary<Phase> = fc.record({
  ticks: fc.integer({ min: 5, max: 300 }),
  size: fc.constantFrom<keyof typeof SIZES>('small', 'medium', 'large', 'large'),
  uplinkKbps: fc.constantFrom(100, 400, 750, 900, 1100, 1300, 2000, 4000),
  silent: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
});

/** Models how libwebrtc fills an uplink: the lowest layers first, each up to its maximum. */
function sendable(told: readonly boolean[], { uplinkKbps, silent }: Phase): boolean[] {
  let leftKbps = silent ? 0 : uplinkKbps;
  return told.map((active, layer) => {
    if (!active || leftKbps < (MIN_KBPS[layer] ?? 0)) {
      return false;
    }
    leftKbps -= TAKES_KBPS[layer] ?? 0;
    return true;
  });
}

/** A sender, a worker and a viewer, on a simulated clock. */
class Scene {
  readonly senderLayers = new SenderLayers(3, 0);
  /** The layer the viewer gets. */
  forwarded: number | null = null;
  #tick = 0;
  /** When each layer started, and when it was last seen. */
  readonly #beganAt: Array<number | null> = [null, null, null];
  readonly #seenAt = [0, 0, 0];
  #flowing: boolean[] = [false, false, false];
  #decided: (TileDecision & { atMs: number; areaPx: number }) | null = null;

  get nowMs(): number {
    return this.#tick * TICK_MS;
  }

  /** The decided layer; -1: none. */
  get preferred(): number {
    return this.#decided?.layers?.spatialLayer ?? -1;
  }

  step(phase: Phase): void {
    this.#tick++;
    for (const [layer, sent] of sendable(this.senderLayers.requested, phase).entries()) {
      if (sent) {
        this.#beganAt[layer] ??= this.#tick;
        this.#seenAt[layer] = this.#tick;
      } else if (this.#tick - (this.#seenAt[layer] ?? 0) >= ENDED_TICKS) {
        this.#beganAt[layer] = null;
      }
    }
    const flowing = this.#beganAt.map((at) => at !== null);
    const changed = flowing.join() !== this.#flowing.join();
    this.#flowing = flowing;
    this.#forward();
    if (changed || (this.#tick % TICKS_PER_DECISION === 0 && !this.#isSettled(phase))) {
      this.#decide(phase);
    } else if (this.#tick % TICKS_PER_DECISION === 0) {
      this.senderLayers.extend(this.nowMs);
    }
  }

  #isSettled({ size }: Phase): boolean {
    const shown = SIZES[size][0] * SIZES[size][1] === this.#decided?.areaPx;
    return shown && this.#decided?.reason !== 'steady' && this.senderLayers.isSettled(this.#flowing);
  }

  #forward(): void {
    if (this.forwarded !== null && !this.#flowing[this.forwarded]) {
      this.forwarded = null;
    }
    for (let layer = this.preferred; layer >= 0; layer--) {
      const beganAt = this.#beganAt[layer] ?? null;
      if (beganAt === null) {
        continue;
      }
      const usable = this.forwarded === null || layer <= this.forwarded || this.#tick - beganAt >= OLD_TICKS;
      if (!usable) {
        continue;
      }
      this.forwarded = layer;
      return;
    }
  }

  #decide(phase: Phase): void {
    const [width, height] = SIZES[phase.size];
    const before = this.#decided;
    const fedBack = {
      ...{ decided: before?.layers ?? null, decidedAtMs: before?.atMs ?? null },
      ...{ decidedClass: before?.class ?? null, decidedAreaPx: before?.areaPx ?? null },
    };
    const decision = allocate({
      ...{ nowMs: this.nowMs, linkBps: null, stressLevel: 0, videos: [videoOf(this.senderLayers)] },
      receivers: [
        {
          ...{ roomId: 'green', peerId: 'bob', isLocal: false, budgetBps: 4_000_000 },
          ...{ estimateBps: null, audioBps: 0 },
          tiles: [{ producerId: 'camera', width, height, pinned: false, ...fedBack }],
        },
      ],
    });
    const [tile] = decision.receivers[0]?.tiles ?? [];
    const { spatialLayers = [], awaited = [] } = decision.videos[0] ?? {};
    assert.ok(tile);
    const same = before?.layers?.spatialLayer === tile.layers?.spatialLayer;
    this.#decided = { ...tile, atMs: same && before ? before.atMs : this.nowMs, areaPx: width * height };
    const needs = {
      wanted: spatialLayers,
      awaited: spatialLayers.map((_, layer) => awaited.includes(layer)),
      forwarded: spatialLayers.map((_, layer) => layer === this.forwarded),
      flowing: this.#flowing,
    };
    if (this.senderLayers.update(needs, this.nowMs).missing) {
      this.#decide(phase);
    }
  }
}

function videoOf({ missing }: SenderLayers): VideoState {
  return {
    ...{ producerId: 'camera', roomId: 'green', peerId: 'ann', source: 'camera', paused: false, svc: false },
    ...{ missing, lastSpokeAtMs: null, speaking: false },
    points: TAKES_KBPS.map((kbps, spatialLayer) => ({
      ...{ spatialLayer, temporalLayer: 0, bitrateBps: kbps * 1000, packetsPerSecond: 30 },
      ...{ heightPx: 180 * 2 ** spatialLayer, framesPerSecond: 30, sent: true },
    })),
  };
}

function check(title: string, property: (phases: Phase[]) => void): void {
  test(title, () => {
    fc.assert(fc.property(fc.array(phase, { minLength: 1, maxLength: 8 }), property), { numRuns: 200 });
  });
}

check('the forwarded layer is always one that the sender is asked to send', (phases) => {
  const scene = new Scene();
  for (const each of phases) {
    for (let tick = 0; tick < each.ticks; tick++) {
      scene.step(each);
      const { forwarded, nowMs } = scene;
      assert.ok(forwarded === null || scene.senderLayers.requested[forwarded], `${forwarded} at ${nowMs} ms`);
    }
  }
});

check(
  'nobody is downgraded while a higher layer is awaited, unless the sender can no longer send the current one',
  (phases) => {
    const scene = new Scene();
    for (const each of phases) {
      for (let tick = 0; tick < each.ticks; tick++) {
        const { forwarded: before, preferred } = scene;
        scene.step(each);
        const { forwarded: after, nowMs } = scene;
        const fell = before !== null && (after ?? -1) < before;
        if (!fell || scene.preferred < before || preferred < before) {
          continue;
        }
        const expected = scene.senderLayers.requested.map((told, layer) => told || layer === before);
        assert.ok(!sendable(expected, each)[before], `${before} became ${after} at ${nowMs} ms`);
      }
    }
  },
);

check('on a stable uplink, a large tile finally gets the best layer and keeps it', (phases) => {
  const scene = new Scene();
  for (const each of phases) {
    for (let tick = 0; tick < each.ticks; tick++) {
      scene.step(each);
    }
  }
  const last: Phase = { ticks: 0, size: 'large', uplinkKbps: phases[0]?.uplinkKbps ?? 0, silent: false };
  // An earlier failure may first have to time out.
  for (let tick = 0; tick < 1200; tick++) {
    scene.step(last);
  }
  let best = scene.forwarded ?? -1;
  for (let tick = 0; tick < 1800; tick++) {
    scene.step(last);
    assert.ok((scene.forwarded ?? -1) >= best, `${scene.forwarded} after ${best} at ${scene.nowMs} ms`);
    best = scene.forwarded ?? -1;
  }
  const all = sendable([true, true, true], last);
  assert.ok(best >= all.lastIndexOf(true), `${best} of ${all.join()}`);
});
