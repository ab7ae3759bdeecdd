import type { ProducerInfo, RequestInput } from '../../contract/index.ts';
import type { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import { Reconciler } from './reconciler.ts';

/** A video on the user's screen. */
export interface LayoutTile {
  participantId: string;
  source: 'camera' | 'screen';
  /** Size on the screen, in device pixels (CSS pixels times `devicePixelRatio`). Below 1 it is off the screen. */
  width: number;
  height: number;
  /** Chosen by the user, so the server favours it over others. Default false. */
  pinned?: boolean;
}

/** Everything that an app shows. */
export interface Layout {
  tiles: readonly LayoutTile[];
  /** Maximum bitrate to receive, including audio, in bits per second. Default: the server's budget. */
  maxBitrateBps?: number;
}

export interface LayoutHost {
  readonly connection: Connection;
  /** What others send, by producer id. */
  readonly producers: ReadonlyMap<string, ProducerInfo>;
  /** Videos of exactly these producers are on the screen from now on. */
  shown(producerIds: ReadonlySet<string>): void;
  failed(error: CanopyError): void;
}

/** Minimum time between two reports, in milliseconds: while a window is being resized, the layout changes with every frame. */
const INTERVAL_MS = 150;
/** The protocol's limits on a tile's width and height, in pixels, and on the number of tiles. */
const MAX_PIXELS = 16_384;
const MAX_TILES = 256;

type ReportedLayout = RequestInput<'room.layout'>;

/** Reports the app's layout to the server whenever it changes, by the app or because people and their videos come and go. */
export class LayoutReporter {
  readonly #host: LayoutHost;
  #layout: Layout | undefined;
  /** Whether the room has been entered; others' producers are not known before. */
  #entered = false;
  /** The last reported layout, as JSON. */
  #reported = '';
  readonly #reconciler: Reconciler;

  constructor(host: LayoutHost) {
    this.#host = host;
    this.#reconciler = new Reconciler({ pass: () => this.#report(), failed: (error) => host.failed(error) });
  }

  /** Whether the app has said what it shows. */
  get isSet(): boolean {
    return this.#layout !== undefined;
  }

  /** Sets what the app shows. */
  set(layout: Layout): void {
    this.#layout = layout;
    this.update();
  }

  /** Reports the layout again, since others' producers have changed. */
  update(): void {
    if (!this.#layout) {
      return;
    }
    this.#host.shown(new Set(this.#translate(this.#layout).tiles.map(({ producerId }) => producerId)));
    if (this.#entered) {
      this.#reconciler.poke();
    }
  }

  /** The room was entered or re-entered: the server has no layout yet. */
  reset(): void {
    this.#entered = true;
    this.#reported = '';
    this.update();
  }

  close(): void {
    this.#layout = undefined;
    this.#reconciler.stop();
  }

  async #report(): Promise<void> {
    if (!this.#layout) {
      return;
    }
    const layout = this.#translate(this.#layout);
    const text = JSON.stringify(layout);
    if (text === this.#reported) {
      return;
    }
    this.#reported = text;
    try {
      await Promise.all([
        this.#host.connection.request('room.layout', layout),
        // The first video after nothing must not wait.
        layout.tiles.length > 0 && new Promise((resolve) => setTimeout(resolve, INTERVAL_MS)),
      ]);
    } catch (error) {
      this.#reported = '';
      // After close() failures do not matter.
      if (this.#layout) {
        throw error;
      }
    }
  }

  #translate({ tiles, maxBitrateBps }: Layout): ReportedLayout {
    const shown = tiles.filter(({ width, height }) => width >= 1 && height >= 1);
    const reported = [...this.#host.producers.values()].flatMap(
      ({ producerId, participantId, source, kind }) => {
        if (kind !== 'video') {
          return [];
        }
        const tile = shown.find((each) => each.participantId === participantId && each.source === source);
        if (!tile) {
          return [];
        }
        const { width, height, pinned = false } = tile;
        return [{ producerId, width: pixels(width), height: pixels(height), pinned }];
      },
    );
    return {
      tiles: reported.slice(0, MAX_TILES),
      ...(maxBitrateBps !== undefined && { maxBitrateBps: Math.round(maxBitrateBps) }),
    };
  }
}

function pixels(size: number): number {
  return Math.min(MAX_PIXELS, Math.max(1, Math.round(size)));
}
