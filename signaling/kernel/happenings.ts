import type { CallRecord, Role, TrunkAlarm } from '../../contract/index.ts';
import type { Room } from './rooms/index.ts';

/** What happens on the server besides the logs of rooms, for features that report it elsewhere. */
export interface Happenings {
  'room.opened': { room: Room };
  'room.closed': { room: Room };
  /** Someone starts to wait in a lobby. `accountId`: null for someone without an account. */
  'lobby.waiting': { roomId: string; displayName: string; accountId: string | null };
  /** An account used a one-time invitation. */
  'invitation.used': { accountId: string; role: Role; roomId: string | null };
  'account.created': { accountId: string; displayName: string; role: Role };
  'call.started': CallRecord;
  'call.ended': CallRecord;
  'trunk.alarm': TrunkAlarm;
}

/** One of them, by name. */
export type Happening = { [N in keyof Happenings]: { name: N; data: Happenings[N] } }[keyof Happenings];

/** Notifies features of what happens, in the order in which it does. */
export class HappeningNotifier {
  readonly #listeners: Array<(happening: Happening) => void> = [];

  add(listener: (happening: Happening) => void): void {
    this.#listeners.push(listener);
  }

  emit<N extends keyof Happenings>(name: N, data: Happenings[N]): void {
    for (const listener of this.#listeners) {
      listener({ name, data } as Happening);
    }
  }
}
