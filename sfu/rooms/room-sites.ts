import type { Router } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';

/** A worker and the room's router there. */
export interface Site {
  readonly worker: MediaWorker;
  readonly router: Router;
}

export interface RoomSitesOptions {
  /** Where the room was opened. */
  home: Site;
  /** Makes the room's router on a further worker. */
  createRouter(worker: MediaWorker): Promise<Router>;
  /**
   * The worker for one more peer, `current` being those where the room is, its home first: one of them as long as it can carry more, or
   * another.
   */
  place(current: readonly [MediaWorker, ...MediaWorker[]]): MediaWorker;
}

/**
 * The workers that carry a room: its home, and others of the host when it outgrows a core. Producers keep their ids wherever pipe transports
 * bring them, so that nobody outside need know. Owned by Room.
 */
export class RoomSites {
  readonly home: Site;
  readonly #options: RoomSitesOptions;
  readonly #sites = new Map<MediaWorker, Promise<Site>>();
  /** Those that are ready, home first. */
  readonly #ready: Site[];
  /** Where each producer was made. */
  readonly #origins = new Map<string, Site>();
  /** Producers on their way to a site, or there; by both ids. */
  readonly #brought = new Map<string, Promise<void>>();
  /** Pairs of routers with pipe transports between them. */
  readonly #pairs = new Set<string>();
  /** One pipe at a time between two routers: mediasoup would make a second pair of transports for the way back. */
  #piping: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: RoomSitesOptions) {
    this.home = options.home;
    this.#options = options;
    this.#ready = [options.home];
    this.#sites.set(options.home.worker, Promise.resolve(options.home));
  }

  get all(): readonly Site[] {
    return this.#ready;
  }

  /** Pipe transports of the room, two between each pair of sites. */
  get pipeTransportCount(): number {
    return this.#pairs.size * 2;
  }

  /** Whether a worker carries the room or is about to. */
  uses(worker: MediaWorker): boolean {
    return this.#sites.has(worker);
  }

  /** A site for one more peer; opened if need be, once. @throws {CanopyError} WORKER_UNAVAILABLE, ROOM_NOT_JOINED */
  async choose(): Promise<Site> {
    const worker = this.#options.place([this.home.worker, ...[...this.#sites.keys()].slice(1)]);
    const known = this.#sites.get(worker);
    if (known) return known;
    const opening = this.#open(worker);
    this.#sites.set(worker, opening);
    opening.catch(() => this.#sites.delete(worker));
    return opening;
  }

  /** Notes where a producer is. */
  produced(producerId: string, site: Site): void {
    this.#origins.set(producerId, site);
  }

  /** The pipes of a producer close with it. */
  forget(producerId: string): void {
    this.#origins.delete(producerId);
    for (const { router } of this.#ready) this.#brought.delete(`${producerId} ${router.id}`);
  }

  /** Makes a producer consumable at a site; concurrent calls share one pipe. @throws {CanopyError} PRODUCER_UNKNOWN */
  async bring(producerId: string, site: Site): Promise<void> {
    const origin = this.#origins.get(producerId);
    if (!origin) throw new CanopyError('PRODUCER_UNKNOWN');
    if (origin === site) return;
    const key = `${producerId} ${site.router.id}`;
    const known = this.#brought.get(key);
    if (known) return known;
    const piping = this.#piping.then(() => this.#pipe(producerId, origin, site));
    this.#piping = piping.catch(() => {});
    this.#brought.set(key, piping);
    // Asked for again, it is tried again.
    piping.catch(() => this.#brought.delete(key));
    return piping;
  }

  /** Closes all routers. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#origins.clear();
    this.#brought.clear();
    this.#pairs.clear();
    for (const { router } of this.#ready) router.close();
  }

  async #open(worker: MediaWorker): Promise<Site> {
    const site = { worker, router: await this.#options.createRouter(worker) };
    if (this.#closed) {
      site.router.close();
      throw new CanopyError('ROOM_NOT_JOINED', 'the room closed in the meantime');
    }
    this.#ready.push(site);
    return site;
  }

  async #pipe(producerId: string, origin: Site, site: Site): Promise<void> {
    if (!this.#origins.has(producerId)) throw new CanopyError('PRODUCER_UNKNOWN');
    // Lost packets are repaired on the way to receivers, not between workers of one host.
    await answered(
      origin.router.pipeToRouter({ producerId, router: site.router, enableSctp: false }),
      'PRODUCER_UNKNOWN',
    );
    this.#pairs.add([origin.router.id, site.router.id].sort().join(' '));
  }
}
