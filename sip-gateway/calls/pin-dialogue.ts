import type { CallHost } from './call-host.ts';
import { talk } from './in-room.ts';
import type { PhoneCall } from './phone-call.ts';
import { PinEntry, type PinVerdict } from './pin-entry.ts';

const TRIES = 3;
/** After this pause the PIN is taken as complete, in milliseconds. */
const PAUSE_MILLISECONDS = 4000;
/** Who keys nothing in for so long has had a try, in milliseconds. */
const PATIENCE_MILLISECONDS = 15_000;

/** Asks an answered call for a PIN and lets it into the room that it leads to; hangs up after three tries. */
export class PinDialogue {
  readonly #host: CallHost;
  readonly #call: PhoneCall;
  readonly #entry: PinEntry<string>;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #done = false;

  /** @param pins the room of each PIN */
  constructor(host: CallHost, call: PhoneCall, pins: ReadonlyMap<string, string>) {
    this.#host = host;
    this.#call = call;
    this.#entry = new PinEntry(pins);
  }

  /** Ends with the call. */
  begin(): void {
    const call = this.#call;
    call.onKey = (key) => this.#press(key);
    // Patience begins when the prompt has been heard.
    call.onPlayed = () => {
      if (this.#failures >= TRIES) void call.end('wrong-pin');
      else if (!this.#entry.begun) this.#wait(PATIENCE_MILLISECONDS);
    };
    call.play('enter-pin');
    this.#wait(2 * PATIENCE_MILLISECONDS);
  }

  #press(key: string): void {
    if (this.#done || this.#failures >= TRIES) return;
    this.#call.stopPrompts();
    this.#judge(this.#entry.press(key));
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#call.ended && !this.#done) this.#judge(this.#entry.complete());
    }, milliseconds);
    this.#timer.unref();
  }

  #judge(verdict: PinVerdict<string>): void {
    if (verdict.type === 'more') this.#wait(this.#entry.begun ? PAUSE_MILLISECONDS : PATIENCE_MILLISECONDS);
    else if (verdict.type === 'right') {
      clearTimeout(this.#timer);
      this.#done = true;
      this.#enter(verdict.value).catch((error: unknown) => {
        if (!this.#call.ended) this.#call.fail(error);
      });
    } else this.#refuse();
  }

  #refuse(): void {
    const call = this.#call;
    this.#failures += 1;
    this.#host.metrics.wrongPin();
    if (this.#failures < TRIES) {
      call.play('wrong-pin');
      call.play('enter-pin');
      this.#wait(2 * PATIENCE_MILLISECONDS);
      return;
    }
    clearTimeout(this.#timer);
    // It hears why; where it cannot be told, the call ends all the same.
    this.#timer = setTimeout(() => void call.end('wrong-pin'), PATIENCE_MILLISECONDS);
    this.#timer.unref();
    call.play('goodbye');
  }

  async #enter(roomId: string): Promise<void> {
    await this.#call.enterRoom(roomId, 'answered');
    if (!this.#call.ended) await talk(this.#host, this.#call);
  }
}
