import type { Logger } from '../../base/index.ts';
import type { BridgeSession } from '../../client/sdk/index.ts';
import type { MediaPool } from '../media/index.ts';
import type { Sound } from './phone-seat.ts';

/** Somebody who comes or goes. */
export interface Announced {
  name: string;
  /** Their name in their own voice; null: not recorded. */
  spokenName: Sound | null;
}

/**
 * Makes the sounds that tell of somebody who comes or goes, to be played one after the other. `who` undefined: a tone. Never rejects.
 */
export type AnnouncementSounds = (kind: 'joined' | 'left', who: Announced | undefined) => Promise<Sound[]>;

export interface AnnouncementsOptions {
  roomId: string;
  pool: MediaPool;
  sounds: AnnouncementSounds;
  /** Phones that are connected to the room. */
  phones(): number;
  /** People and phones in the room. */
  people(): number;
  log: Logger;
}

/** With more people in a room, nobody is announced. */
const MAX_PEOPLE = 20;
/** Announcements that are being prepared at once. More are left out. */
const MAX_PENDING = 3;

/** Tells the phones of a room who comes and goes, if the room's settings say so. */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  #pending = 0;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  announce(
    kind: 'joined' | 'left',
    { name, spokenName }: Announced,
    { info }: Pick<BridgeSession, 'info'>,
  ): void {
    const { phones, people, log } = this.#options;
    const mode = info.phoneAnnouncements;
    if (mode === undefined || phones() === 0 || people() > MAX_PEOPLE || this.#pending >= MAX_PENDING) {
      return;
    }
    this.#pending += 1;
    const recorded = mode === 'recorded' ? spokenName : null;
    this.#play(kind, mode === 'tone' ? undefined : { name, spokenName: recorded })
      // The room may have closed meanwhile.
      .catch((error: unknown) => log.debug({ err: error }, 'announcement not played'))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  async #play(kind: 'joined' | 'left', who: Announced | undefined): Promise<void> {
    const { pool, roomId, sounds } = this.#options;
    const made = await sounds(kind, who);
    await pool.request('room.announce', {
      roomId,
      sounds: made.map(({ samples, sampleRate }) => ({ samples, sampleRate })),
    });
  }
}
