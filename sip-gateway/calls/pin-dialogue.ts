import { askForName } from './ask-for-name.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';
import { PinEntry, type PinVerdict } from './pin-entry.ts';
import type { PinCaller } from './pin-guard.ts';
import type { SavedPinDialogue } from './saved-call.ts';
import { startTalking } from './start-talking.ts';
import { excludesPhones, turnAway } from './turn-away.ts';

const TRIES = 3;
/** A pause this long completes a PIN, in milliseconds. */
const PAUSE_MS = 4000;
/** Time without a key that uses up a try, in milliseconds. */
const PATIENCE_MS = 15_000;

/** What a PIN gives. */
export interface Admission {
  readonly roomId: string;
  /** Whether the caller is a moderator. */
  readonly isModerator: boolean;
}

/** Asks an answered call for a PIN and lets it into that PIN's room; hangs up after three tries. */
export class PinDialogue {
  readonly #host: CallHost;
  readonly #call: PhoneCall;
  readonly #caller: PinCaller;
  readonly #entry: PinEntry<Admission>;
  #failures: number;
  #timer: NodeJS.Timeout | undefined;
  /** Ignores keys: a complete PIN is waiting to be checked, or was right. */
  #busy = false;

  constructor(
    host: CallHost,
    call: PhoneCall,
    { caller, failures }: SavedPinDialogue,
    pins: ReadonlyMap<string, Admission>,
  ) {
    this.#host = host;
    this.#call = call;
    this.#caller = caller;
    this.#failures = failures;
    this.#entry = new PinEntry(pins);
  }

  /** What a later process needs to begin it again. */
  save(): SavedPinDialogue {
    return { caller: this.#caller, failures: this.#failures };
  }

  /** Plays the prompt and starts reading keys. */
  begin(): void {
    const call = this.#call;
    call.pinDialogue = this;
    call.onKey = (key) => this.#press(key);
    // The timeout starts once the prompt has been played.
    call.onPlayed = () => {
      if (this.#failures >= TRIES) {
        void call.end('wrong-pin');
      } else if (!this.#busy && !this.#entry.begun) {
        this.#wait(PATIENCE_MS);
      }
    };
    call.sounds.play('enter-pin');
    this.#wait(2 * PATIENCE_MS);
  }

  #press(key: string): void {
    if (this.#busy || this.#failures >= TRIES) {
      return;
    }
    this.#call.sounds.stop();
    this.#take(this.#entry.press(key));
  }

  #wait(milliseconds: number): void {
    this.#after(milliseconds, () => {
      // A try without any key counts against this call but is not a wrong PIN.
      if (this.#entry.begun) {
        this.#take(this.#entry.complete());
      } else {
        this.#refuse();
      }
    });
  }

  #after(milliseconds: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#call.ended) {
        act();
      }
    }, milliseconds);
    this.#timer.unref();
  }

  #take(verdict: PinVerdict<Admission>): void {
    if (verdict.type === 'more') {
      this.#wait(this.#entry.begun ? PAUSE_MS : PATIENCE_MS);
      return;
    }
    const delayMs = this.#host.pins.delayMs(this.#caller);
    if (delayMs === 0) {
      this.#judge(verdict);
      return;
    }
    this.#busy = true;
    this.#call.sounds.wait(true);
    this.#after(delayMs, () => {
      this.#busy = false;
      this.#call.sounds.wait(false);
      this.#judge(verdict);
    });
  }

  #judge(verdict: PinVerdict<Admission>): void {
    const { pins, metrics } = this.#host;
    // Other calls of the same caller may have used up its tries.
    const refused = pins.refuses(this.#caller);
    if (verdict.type === 'right' && !refused) {
      clearTimeout(this.#timer);
      this.#busy = true;
      this.#enter(verdict.value).catch((error: unknown) => {
        if (this.#call.ended) {
          return;
        }
        if (excludesPhones(error)) {
          turnAway(this.#call);
        } else {
          this.#call.fail(error);
        }
      });
      return;
    }
    metrics.wrongPin();
    if (pins.wrong(this.#caller)) {
      metrics.pinLockout();
      this.#call.log.warn({ caller: this.#caller.name }, 'too many wrong PINs; caller refused for now');
    }
    if (pins.refuses(this.#caller)) {
      this.#failures = TRIES - 1;
    }
    this.#refuse();
  }

  #refuse(): void {
    const call = this.#call;
    this.#failures += 1;
    if (this.#failures < TRIES) {
      call.sounds.play('wrong-pin');
      call.sounds.play('enter-pin');
      this.#wait(2 * PATIENCE_MS);
      return;
    }
    // Hang up after the prompt, or after a timeout if it cannot be played.
    this.#after(PATIENCE_MS, () => void call.end('wrong-pin'));
    call.sounds.play('goodbye');
  }

  async #enter({ roomId, isModerator }: Admission): Promise<void> {
    await this.#call.enterRoom(roomId, 'answered', { pinGiven: true, isModerator });
    await askForName(this.#host, this.#call);
    if (!this.#call.ended) {
      await startTalking(this.#host, this.#call);
    }
  }
}
