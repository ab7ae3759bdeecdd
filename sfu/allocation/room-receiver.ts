import type { ReceiverDecision, ReceiverState, TileDecision } from '../allocator/index.ts';
import type { Peer, PeerConsumer } from '../peers/index.ts';
import { sameLayers } from '../peers/index.ts';
import type { ReceiverExplanation } from '../types.ts';
import { defaultLayout } from './default-layout.ts';

/** Bitrate of one voice with DTX, headers included, in bits per second. */
const VOICE_BPS = 42_000;
/**
 * Bitrates that stay within these shares of what the last decision counted need no new one yet. A rise takes from the reserve of the budget;
 * a fall at most permits an upgrade.
 */
const RISE_SHARE = 1.03;
const FALL_SHARE = 0.9;

type Tile = ReceiverState['tiles'][number];
type TileNotice = Pick<TileDecision, 'producerId' | 'layers' | 'reason'>;

interface Decided {
  tile: TileDecision;
  areaPx: number;
  /** When its layers last changed, in milliseconds; null: it has had none yet, so the first ones need not wait. */
  atMs: number | null;
}

/** A receiver as the allocator sees it: what it shows, what it can receive, and what was allocated. Owned by RoomAllocation. */
export class RoomReceiver {
  readonly #peer: Peer;
  readonly #roomId: string;
  /** Voices heard at once. The others are silent, and cost next to nothing with DTX. */
  readonly #voices: number;
  #tiles: Tile[] = [];
  #decided = new Map<string, Decided>();
  /** The last decision applied; null: held. */
  readonly #applied = new WeakMap<PeerConsumer, TileDecision | null>();
  #decision: ReceiverDecision | undefined;
  #state: ReceiverState | undefined;

  /** @param audibleSpeakers - maximum number of microphones forwarded; 0: all */
  constructor(roomId: string, peer: Peer, audibleSpeakers: number) {
    this.#roomId = roomId;
    this.#voices = audibleSpeakers || Number.POSITIVE_INFINITY;
    this.#peer = peer;
  }

  /** Video that it receives or may receive. */
  get videos(): PeerConsumer[] {
    return this.#peer.consumers.filter(({ kind, declined }) => kind === 'video' && !declined);
  }

  /**
   * Whether another decision would probably repeat the last one, if nothing has been reported as changed since.
   * @param bitrateOf - the bitrate of a video's layers now
   */
  isSettled(bitrateOf: (producerId: string, layers: NonNullable<TileDecision['layers']>) => number): boolean {
    const { receiving } = this.#peer;
    if (!receiving) {
      return true;
    }
    if (!this.#state || !this.#decision || this.#state.audioBps !== this.#audioBps()) {
      return false;
    }
    const { tiles, videoBps } = this.#decision;
    if (tiles.length > 0 && (receiving.isLimited || this.#state.estimateBps !== null)) {
      return false;
    }
    let nowBps = 0;
    for (const { producerId, layers, reason } of tiles) {
      if (reason === 'steady') {
        return false;
      }
      nowBps += layers ? bitrateOf(producerId, layers) : 0;
    }
    return nowBps <= videoBps * RISE_SHARE && nowBps >= videoBps * FALL_SHARE;
  }

  state(budgetBps: number): ReceiverState {
    const { peerId, layout, receiving } = this.#peer;
    const received = new Set(this.videos.map(({ producerId }) => producerId));
    const shown = layout?.tiles ?? defaultLayout([...received]);
    // If a layout names a video twice, the first tile counts.
    const named = new Map(shown.toReversed().map((tile) => [tile.producerId, tile]));
    this.#tiles = [...named.values()]
      .filter(({ producerId }) => received.has(producerId))
      .map(({ producerId, width, height, pinned }) => {
        const decided = this.#decided.get(producerId);
        return {
          ...{ producerId, width, height, pinned },
          decided: decided?.tile.layers ?? null,
          decidedAtMs: decided?.atMs ?? null,
          decidedClass: decided?.tile.class ?? null,
          decidedAreaPx: decided?.areaPx ?? null,
        };
      });
    const isLocal = receiving?.isLocal ?? false;
    const askedBps = layout?.maxBitrateBps;
    this.#state = {
      ...{ roomId: this.#roomId, peerId, isLocal },
      // On this host, it knows best what it can take.
      budgetBps: isLocal
        ? (askedBps ?? budgetBps)
        : Math.min(budgetBps, askedBps ?? Number.POSITIVE_INFINITY),
      estimateBps: receiving?.takeEstimate() ?? null,
      audioBps: this.#audioBps(),
      tiles: this.#tiles,
    };
    return this.#state;
  }

  /** Applies the differences to the previous decision. Returns the tiles the receiver must be notified of. */
  apply(decision: ReceiverDecision, nowMs: number): TileNotice[] {
    this.#decision = decision;
    // If the estimate is what limits it, how much more it would need is unknown.
    const wantsMore = decision.tiles.some(({ reason }) => reason === 'estimate');
    const neededBps = wantsMore ? decision.maxOutgoingBps : decision.videoBps;
    this.#peer.receiving?.setMaxOutgoing(decision.maxOutgoingBps, neededBps);
    const before = this.#decided;
    const areas = new Map(this.#tiles.map(({ producerId, width, height }) => [producerId, width * height]));
    this.#decided = new Map(
      decision.tiles.map((tile) => {
        const earlier = before.get(tile.producerId);
        const same = earlier ? sameLayers(earlier.tile.layers, tile.layers) : !tile.layers;
        const areaPx = areas.get(tile.producerId) ?? 0;
        return [tile.producerId, { tile, areaPx, atMs: same ? (earlier?.atMs ?? null) : nowMs }];
      }),
    );
    for (const consumer of this.videos) {
      this.#applyTile(consumer, this.#decided.get(consumer.producerId)?.tile);
    }
    return decision.tiles
      .filter((tile) => {
        const earlier = before.get(tile.producerId)?.tile;
        return !earlier || earlier.reason !== tile.reason || !sameLayers(earlier.layers, tile.layers);
      })
      .map(noticeOf);
  }

  /** The current allocation of all its tiles. */
  get notices(): TileNotice[] {
    return (this.#decision?.tiles ?? []).map(noticeOf);
  }

  explain(): ReceiverExplanation | undefined {
    if (!this.#state || !this.#decision) {
      return undefined;
    }
    const { peerId, budgetBps, estimateBps, audioBps } = this.#state;
    const { maxOutgoingBps, videoBps, tiles } = this.#decision;
    const sizes = new Map(this.#tiles.map((tile) => [tile.producerId, tile]));
    return {
      ...{ peerId, budgetBps, estimateBps, audioBps, maxOutgoingBps, videoBps },
      layoutTold: this.#peer.layout !== undefined,
      tiles: tiles.map((tile) => {
        const { width = 0, height = 0, pinned = false } = sizes.get(tile.producerId) ?? {};
        return { ...tile, widthPx: width, heightPx: height, pinned };
      }),
      heldProducerIds: this.videos.filter(({ held }) => held).map(({ producerId }) => producerId),
    };
  }

  /** Skips unchanged tiles: most decisions repeat the previous one for most videos. */
  #applyTile(consumer: PeerConsumer, decided: TileDecision | undefined): void {
    const tile = decided?.layers ? decided : null;
    const applied = this.#applied.get(consumer);
    if (
      applied !== undefined &&
      sameLayers(applied?.layers, tile?.layers) &&
      applied?.priority === tile?.priority
    ) {
      return;
    }
    this.#applied.set(consumer, tile);
    void applyTo(consumer, tile);
  }

  #audioBps(): number {
    const voices = this.#peer.consumers.filter(
      ({ kind, held, mediasoupConsumer }) => kind === 'audio' && !held && !mediasoupConsumer.producerPaused,
    );
    return Math.min(voices.length, this.#voices) * VOICE_BPS;
  }
}

/** Sets ceilings first, so that nothing above them is ever forwarded. Consumers that have closed meanwhile are ignored. */
async function applyTo(consumer: PeerConsumer, tile: TileDecision | null): Promise<void> {
  const requests = tile?.layers
    ? [consumer.setServerLayers(tile.layers), consumer.setPriority(tile.priority), consumer.setHeld(false)]
    : [consumer.setHeld(true)];
  await Promise.allSettled(requests);
}

function noticeOf({ producerId, layers, reason }: TileDecision): TileNotice {
  return { producerId, layers, reason };
}
