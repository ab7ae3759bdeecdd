import { computed, signal } from '@preact/signals';
import type {
  EncryptedMember,
  EncryptionPolicy,
  EncryptionState,
  RoomEncryption,
} from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';
import type { Call } from './call.ts';
import { SeenDevices } from './seen-devices.ts';

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

  /** Devices of people whom this browser has seen with other devices only. */
  readonly newDevices = signal<ReadonlySet<string>>(new Set());
  readonly #call: Call;
  readonly #looked = new Set<string>();
  readonly #seen = new SeenDevices();

  private constructor(call: Call, encryption: RoomEncryption) {
    this.#call = call;
    this.policy = encryption.policy;
    this.#take(encryption.state);
    encryption.on('changed', (state) => this.#take(state));
  }

  /** When the user compared codes with the person whose device this is, by its certificate; undefined: never. */
  verifiedAtMs({ deviceId, accountId }: EncryptedMember): number | undefined {
    const { room, known } = this.#call;
    const person = [...room.participants.values()].find(
      (each) => each.deviceId === deviceId && each.accountId === accountId,
    );
    return person && known.people.value.get(person.participantId)?.verifiedAtMs;
  }

  #take(state: EncryptionState | undefined): void {
    this.state.value = state;
    for (const { deviceId, accountId, name, isGateway } of state?.members ?? []) {
      const isOwn = deviceId === this.#call.client.identity.deviceId;
      if (!isGateway && !isOwn && !this.#looked.has(deviceId)) {
        this.#looked.add(deviceId);
        if (this.#seen.see(accountId, deviceId)) {
          this.newDevices.value = new Set([...this.newDevices.value, deviceId]);
          this.#call.announce(lateStrings().encryption.usesNewDevice(name));
        }
      }
    }
  }

  /** The one of a call; undefined if this client cannot encrypt. */
  static of(call: Call): CallEncryption | undefined {
    const { encryption } = call.room;
    if (!encryption) {
      return undefined;
    }
    const known = encryptions.get(encryption) ?? new CallEncryption(call, encryption);
    encryptions.set(encryption, known);
    return known;
  }
}

const encryptions = new WeakMap<RoomEncryption, CallEncryption>();
