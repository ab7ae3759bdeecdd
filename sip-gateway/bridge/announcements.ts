import type { Logger } from '../../base/index.ts';
import type { BridgeSession } from '../../client/sdk/index.ts';
import type { MediaPool, Prompt } from '../media/index.ts';

/** Makes the sound that tells of somebody who comes or goes. `name` undefined: a tone. Never rejects. */
export type AnnouncementSound = (kind: 'joined' | 'left', name: string | undefined) => Promise<Prompt>;

export interface AnnouncementsOptions {
  roomId: string;
  pool: MediaPool;
  sound: AnnouncementSound;
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

  announce(kind: 'joined' | 'left', name: string, { info }: Pick<BridgeSession, 'info'>): void {
    const { phones, people, log } = this.#options;
    const mode = info.phoneAnnouncements;
    if (mode === undefined || phones() === 0 || people() > MAX_PEOPLE || this.#pending >= MAX_PENDING) {
      return;
    }
    this.#pending += 1;
    this.#play(kind, mode === 'name' ? name : undefined)
      // The room may have closed meanwhile.
      .catch((error: unknown) => log.debug({ err: error }, 'announcement not played'))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  async #play(kind: 'joined' | 'left', name: string | undefined): Promise<void> {
    const { pool, roomId, sound } = this.#options;
    const { samples, sampleRate } = await sound(kind, name);
    await pool.request('room.announce', { roomId, announcement: { samples, sampleRate } });
  }
}
