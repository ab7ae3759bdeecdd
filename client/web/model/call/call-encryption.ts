import { computed, signal } from '@preact/signals';
import type { EncryptionPolicy, EncryptionState, RoomEncryption } from '../../../sdk/index.ts';
import type { Call } from './call.ts';

/** The end-to-end encryption of a call, as the page shows it. */
export class CallEncryption {
  readonly state = signal<EncryptionState | undefined>(undefined);
  readonly isOpen = signal(false);
  /** Whether the page may say that the call is encrypted: this device has the keys, and nothing is wrong. */
  readonly isTrue = computed(
    () => this.state.value?.state === 'ready' && this.state.value.alarms.length === 0,
  );

  /** Whether phones take part, whose gateway on the server has the keys. */
  readonly hasPhones = computed(() => this.state.value?.members.some(({ isGateway }) => isGateway) === true);
  /** The room's policy. */
  readonly policy: EncryptionPolicy | undefined;

  private constructor(encryption: RoomEncryption) {
    this.state.value = encryption.state;
    this.policy = encryption.policy;
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
