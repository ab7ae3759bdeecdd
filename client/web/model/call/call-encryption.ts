import { computed, signal } from '@preact/signals';
import type { EncryptionState, RoomEncryption } from '../../../sdk/index.ts';
import type { Call } from './call.ts';

/** The end-to-end encryption of a call, as the page shows it. */
export class CallEncryption {
  readonly state = signal<EncryptionState | undefined>(undefined);
  readonly isOpen = signal(false);
  /** Whether the page may say that the call is encrypted: this device has the keys, and nothing is wrong. */
  readonly isTrue = computed(
    () => this.state.value?.state === 'ready' && this.state.value.alarms.length === 0,
  );

  private constructor(encryption: RoomEncryption) {
    this.state.value = encryption.state;
    encryption.on('changed', (state) => {
      this.state.value = state;
    });
  }

  /** The one of a call; undefined if this client cannot encrypt. */
  static of({ room }: Call): CallEncryption | undefined {
    const { encryption } = room;
    if (!encryption) {
      return undefined;
    }
    const known = encryptions.get(encryption) ?? new CallEncryption(encryption);
    encryptions.set(encryption, known);
    return known;
  }
}

const encryptions = new WeakMap<RoomEncryption, CallEncryption>();
