import type { PhoneCall, SavedPhoneCall } from '../calls/index.ts';
import type { DtlsIdentity } from '../media/index.ts';
import type { CallSnapshots } from './call-snapshots.ts';

/** How often calls are saved, in milliseconds. What has changed since is lost when the gateway is killed. */
const SAVE_MS = 1000;

export interface CallSaverOptions {
  snapshots: CallSnapshots<SavedPhoneCall>;
  /** What was saved of calls that are being restored. */
  before: readonly SavedPhoneCall[];
  calls(): Iterable<PhoneCall>;
  dtlsIdentity: DtlsIdentity | undefined;
}

/** Saves all calls in progress, so that they survive the gateway. Owns its timer and the file; `close` removes both. */
export class CallSaver {
  readonly #options: CallSaverOptions;
  readonly #timer: NodeJS.Timeout;
  /** The last complete state of each call. */
  #saved: ReadonlyMap<string, SavedPhoneCall>;

  constructor(options: CallSaverOptions) {
    this.#options = options;
    this.#saved = new Map(options.before.map((saved) => [saved.callId, saved]));
    this.#timer = setInterval(() => this.#save(), SAVE_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.snapshots.close();
  }

  #save(): void {
    const saved = new Map<string, SavedPhoneCall>();
    for (const call of this.#options.calls()) {
      const { callId } = call;
      const before = this.#saved.get(callId);
      // Once it is answered, the INVITE that it came with must not be answered again.
      const earlier = before && 'sip' in before.state ? before : undefined;
      const state = call.ended ? undefined : (call.save() ?? earlier);
      if (state) {
        saved.set(callId, state);
      }
    }
    this.#saved = saved;
    const invites = [...this.#options.calls()].flatMap((call) => call.saveInvites());
    const { dtlsIdentity } = this.#options;
    void this.#options.snapshots.save({ calls: [...saved.values()], invites, dtlsIdentity });
  }
}
