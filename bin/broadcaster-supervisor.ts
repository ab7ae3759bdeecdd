import type { CanopyError } from '../base/index.ts';
import type { Broadcaster, BroadcasterEvents, BroadcastOptions } from '../signaling/index.ts';
import { RoomProgramSupervisor } from './room-program-supervisor.ts';

/** The broadcaster as a separate process. After a crash, the next process streams the same rooms. */
export class BroadcasterSupervisor
  extends RoomProgramSupervisor<BroadcastOptions, boolean>
  implements Broadcaster
{
  #events: BroadcasterEvents | undefined;

  constructor() {
    super({ name: 'broadcaster', withoutIt: 'there are no live streams', unavailable: 'LIVE_FAILED' });
  }

  listen(events: BroadcasterEvents): void {
    this.#events = events;
  }

  protected override reported(roomId: string, isFlowing: boolean): void {
    this.#events?.flowing(roomId, isFlowing);
  }

  protected override runningChanged(roomId: string, isRunning: boolean): void {
    this.#events?.flowing(roomId, isRunning);
  }

  protected override ended(roomId: string, error: CanopyError): void {
    this.#events?.ended(roomId, error);
  }
}
