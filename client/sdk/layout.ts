import type { ProducerInfo, RequestInput } from '../../contract/index.ts';
import type { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import { Reconciler } from './reconciler.ts';

/** A picture on the screen of the person who looks. */
export interface LayoutTile {
  participantId: string;
  source: 'camera' | 'screen';
  /** Size on the screen, in device pixels (CSS pixels times `devicePixelRatio`). One without a size is off the screen. */
  width: number;
  height: number;
  /** Chosen by the person: it is served before others. Default false. */
  pinned?: boolean;
}

/** All that an app shows. */
export interface Layout {
  tiles: readonly LayoutTile[];
  /** The most to receive, audio included, in bits a second. Default: the server's own budget. */
  maxBitrateBps?: number;
}

export interface LayoutHost {
  readonly connection: Connection;
  /** What others send, by producer id. */
  readonly producers: ReadonlyMap<string, ProducerInfo>;
  /** Pictures of these producers are on the screen from now on, and no others. */
  shown(producerIds: ReadonlySet<string>): void;
  failed(error: CanopyError): void;
}

/** Between two layouts that are told, in milliseconds: a window that is being resized changes it with every frame. */
const INTERVAL_MS = 150;
/** The protocol's limits of a tile's side, in pixels, and of tiles. */
const MAX_PIXELS = 16_384;
const MAX_TILES = 256;

type ToldLayout = RequestInput<'room.layout'>;

/** Tells the server what the app shows, whenever that changes: by the app, or because people and their pictures come and go. */
export class LayoutReporter {
  readonly #host: LayoutHost;
  #layout: Layout | undefined;
  /** Whether what others send is known: not before the room is entered. */
  #entered = false;
  /** What the server knows. */
  #told = '';
  readonly #reconciler: Reconciler;

  constructor(host: LayoutHost) {
    this.#host = host;
    this.#reconciler = new Reconciler({ pass: () => this.#tell(), failed: (error) => host.failed(error) });
  }

  /** From now on the app shows this. */
  set(layout: Layout): void {
    this.#layout = layout;
    this.update();
  }

  /** What others send has changed. */
  update(): void {
    if (!this.#layout) return;
    this.#host.shown(new Set(this.#translate(this.#layout).tiles.map(({ producerId }) => producerId)));
    if (this.#entered) this.#reconciler.poke();
  }

  /** The room was entered, anew perhaps: the server knows nothing. */
  reset(): void {
    this.#entered = true;
    this.#told = '';
    this.update();
  }

  close(): void {
    this.#layout = undefined;
    this.#reconciler.stop();
  }

  async #tell(): Promise<void> {
    if (!this.#layout) return;
    const layout = this.#translate(this.#layout);
    const text = JSON.stringify(layout);
    if (text === this.#told) return;
    this.#told = text;
    try {
      await Promise.all([
        this.#host.connection.request('room.layout', layout),
        new Promise((resolve) => setTimeout(resolve, INTERVAL_MS)),
      ]);
    } catch (error) {
      this.#told = '';
      // After close() nobody wants to hear of it.
      if (this.#layout) throw error;
    }
  }

  #translate({ tiles, maxBitrateBps }: Layout): ToldLayout {
    const shown = tiles.filter(({ width, height }) => width >= 1 && height >= 1);
    const told = [...this.#host.producers.values()].flatMap(({ producerId, participantId, source, kind }) => {
      if (kind !== 'video') return [];
      const tile = shown.find((each) => each.participantId === participantId && each.source === source);
      if (!tile) return [];
      const { width, height, pinned = false } = tile;
      return [{ producerId, width: pixels(width), height: pixels(height), pinned }];
    });
    return {
      tiles: told.slice(0, MAX_TILES),
      ...(maxBitrateBps !== undefined && { maxBitrateBps: Math.round(maxBitrateBps) }),
    };
  }
}

function pixels(size: number): number {
  return Math.min(MAX_PIXELS, Math.max(1, Math.round(size)));
}
