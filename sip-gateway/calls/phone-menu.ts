import { CanopyError, type ErrorCode } from '../../base/index.ts';
import type { PhoneSeat } from '../bridge/index.ts';
import type { PromptName } from '../prompts/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

/** Maximum pause between the two keys of a command, in milliseconds. */
const PAUSE_MS = 3000;
/** A number is given up after this long without a key, in milliseconds. */
const PATIENCE_MS = 15_000;
/** Maximum length of a number, in digits (E.164 has fifteen, and a prefix to dial out). */
const MAX_DIGITS = 20;

type Command = (menu: PhoneMenu, seat: PhoneSeat) => void;

/** What the caller hears if the server refuses a request. */
const REFUSALS: Partial<Record<ErrorCode, PromptName>> = {
  FORBIDDEN: 'moderators-only',
  CALL_REFUSED: 'call-refused',
};

/** What the keys after `*` do. */
const COMMANDS: Readonly<Record<string, Command>> = {
  0: (menu, seat) => menu.help(seat),
  1: (menu, seat) => menu.count(seat),
  6: (menu) => menu.call.toggleMute(),
  9: (menu) => menu.call.toggleHand(),
};
const MODERATOR_COMMANDS: Readonly<Record<string, Command>> = {
  2: (menu) => menu.askNumber(),
  4: (menu, seat) => menu.muteAll(seat),
  5: (menu, seat) => menu.toggleLock(seat),
};

/**
 * What a phone in a room does by its keys: `*` and a digit within three seconds. Some need a moderator. The server judges whether the phone
 * may.
 */
export class PhoneMenu {
  readonly call: PhoneCall;
  readonly #host: CallHost;
  /** Calls that were placed from here. */
  readonly #calls = new Set<string>();
  #starMs: number | undefined;
  /** The number that is being entered. */
  #number: { digits: string; atMs: number } | undefined;

  constructor(host: CallHost, call: PhoneCall) {
    this.#host = host;
    this.call = call;
  }

  press(key: string, nowMs = performance.now()): void {
    if (this.#number && nowMs - this.#number.atMs < PATIENCE_MS) {
      this.#enter(key, nowMs);
      return;
    }
    this.#number = undefined;
    const starMs = this.#starMs;
    this.#starMs = key === '*' ? nowMs : undefined;
    const { seat } = this.call;
    if (starMs === undefined || nowMs - starMs > PAUSE_MS || !seat) {
      return;
    }
    const forModerators = MODERATOR_COMMANDS[key];
    const command = COMMANDS[key] ?? forModerators;
    if (!command) {
      return;
    }
    // Whoever presses a key has heard enough.
    this.call.sounds.stop();
    if (forModerators && !seat.isModerator) {
      this.call.sounds.play('moderators-only');
    } else {
      command(this, seat);
    }
  }

  /** A call into the room has failed. */
  callFailed(callId: string): void {
    if (this.#calls.delete(callId)) {
      this.call.sounds.play('call-failed');
    }
  }

  help({ isModerator }: PhoneSeat): void {
    this.call.sounds.play('menu');
    if (isModerator) {
      this.call.sounds.play('moderator-menu');
    }
  }

  count({ roomId }: PhoneSeat): void {
    const others = this.#host.rooms.find(roomId)?.others ?? 0;
    if (others === 0) {
      this.call.sounds.play('alone');
    } else {
      this.call.sounds.say('count', { count: others + 1 });
    }
  }

  muteAll({ participant }: PhoneSeat): void {
    this.#try(async () => {
      await participant.moderation.muteAll();
      this.call.sounds.play('all-muted');
    });
  }

  toggleLock({ participant, roomId }: PhoneSeat): void {
    const locked = !this.#host.rooms.find(roomId)?.locked;
    this.#try(async () => {
      await participant.moderation.setRoomLocked(locked);
      this.call.sounds.play(locked ? 'room-locked' : 'room-unlocked');
    });
  }

  askNumber(): void {
    this.#number = { digits: '', atMs: performance.now() };
    this.call.sounds.play('enter-number');
  }

  /** `#` completes the number; `*` gives it up. */
  #enter(key: string, nowMs: number): void {
    const digits = this.#number?.digits ?? '';
    this.call.sounds.stop();
    if (/^\d$/.test(key) && digits.length < MAX_DIGITS) {
      this.#number = { digits: digits + key, atMs: nowMs };
      return;
    }
    this.#number = undefined;
    const { seat } = this.call;
    if (key !== '#' || digits === '' || !seat) {
      this.call.sounds.play('cancelled');
      return;
    }
    this.#try(async () => {
      this.call.sounds.play('calling');
      const { callId } = await seat.participant.moderation.call(digits);
      this.#calls.add(callId);
    });
  }

  /** Runs a request to the server; the caller hears if that refuses it. */
  #try(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      const { code } = CanopyError.from(error);
      this.call.log.info({ code }, 'request by keys refused');
      this.call.sounds.play(REFUSALS[code] ?? 'not-possible');
    });
  }
}
