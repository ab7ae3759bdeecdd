import type { CanopyError } from '../base/index.ts';
import type { Captioner, CaptionerEvents, ListenOptions } from '../signaling/index.ts';
import type { CaptionerReport } from './captioner-report.ts';
import { RoomProgramSupervisor } from './room-program-supervisor.ts';

/** The captioner as a separate process. After a crash, the next process listens to the same rooms. */
export class CaptionerSupervisor
  extends RoomProgramSupervisor<ListenOptions, CaptionerReport>
  implements Captioner
{
  #events: CaptionerEvents | undefined;

  constructor() {
    super({ name: 'captioner', withoutIt: 'there are no captions', unavailable: 'CAPTIONS_UNAVAILABLE' });
  }

  listen(events: CaptionerEvents): void {
    this.#events = events;
  }

  protected override reported(roomId: string, report: CaptionerReport): void {
    if (report === 'unheard') {
      this.#events?.failed(roomId);
    } else {
      this.#events?.spoken(roomId, report);
    }
  }

  protected override ended(roomId: string, error: CanopyError): void {
    this.#events?.ended(roomId, error);
  }
}
