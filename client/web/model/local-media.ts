import { computed, signal } from '@preact/signals';
import { CanopyError, openCapture } from '../../sdk/index.ts';

export type CaptureKind = 'camera' | 'microphone';

export interface Choices {
  camera?: string;
  microphone?: string;
  speaker?: string;
}

const STORAGE_KEY = 'canopy.devices';

/** The person's own camera and microphone, and which devices they chose. */
export class LocalMedia {
  readonly camera = signal<MediaStreamTrack | undefined>(undefined);
  readonly microphone = signal<MediaStreamTrack | undefined>(undefined);
  /** Why a device could not be opened. */
  readonly problems = signal<{ [K in CaptureKind]?: CanopyError }>({});
  readonly devices = signal<MediaDeviceInfo[]>([]);
  readonly choices = signal<Choices>(readChoices());
  /** What the person wants, whether or not there is a device. */
  readonly cameraWanted = signal(true);
  readonly muted = signal(false);
  readonly cameraOn = computed(() => this.camera.value !== undefined);
  readonly microphoneOn = computed(() => this.microphone.value !== undefined && !this.muted.value);
  /** Counts openings of each kind, so that one overtaken by another changes nothing. */
  readonly #openings = { camera: 0, microphone: 0 };

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.#list());
  }

  /** Opens what is wanted and not open yet, with one question to the person where that is possible. Never rejects. */
  async open(): Promise<void> {
    const camera = this.cameraWanted.value && !this.camera.value;
    const microphone = !this.microphone.value;
    if (camera && microphone && (await this.#tryOpen(['camera', 'microphone']))) return;
    await Promise.all([
      camera ? this.#openOne('camera') : undefined,
      microphone ? this.#openOne('microphone') : undefined,
    ]);
  }

  async setCameraWanted(wanted: boolean): Promise<void> {
    this.cameraWanted.value = wanted;
    if (wanted) await this.#openOne('camera');
    else this.#stop('camera');
  }

  /** Mutes or unmutes; opens the microphone when there is none yet. */
  async setMuted(muted: boolean): Promise<void> {
    this.muted.value = muted;
    if (!muted && !this.microphone.value) await this.#openOne('microphone');
  }

  /** Uses another device of a kind. */
  async choose(kind: keyof Choices, deviceId: string): Promise<void> {
    this.choices.value = { ...this.choices.value, [kind]: deviceId };
    writeChoices(this.choices.value);
    if (kind === 'speaker') return;
    if (kind === 'camera' && !this.cameraWanted.value) return;
    await this.#openOne(kind);
  }

  /** Ends everything. */
  close(): void {
    this.#stop('camera');
    this.#stop('microphone');
  }

  async #openOne(kind: CaptureKind): Promise<void> {
    await this.#tryOpen([kind]);
  }

  async #tryOpen(kinds: CaptureKind[]): Promise<boolean> {
    const rounds = kinds.map((kind) => {
      this.#openings[kind] += 1;
      return this.#openings[kind];
    });
    const current = (kind: CaptureKind): boolean => this.#openings[kind] === rounds[kinds.indexOf(kind)];
    try {
      const stream = await openCapture(
        Object.fromEntries(kinds.map((kind) => [kind, this.choices.value[kind] ?? true])),
      );
      for (const track of stream.getTracks()) {
        const kind = track.kind === 'video' ? 'camera' : 'microphone';
        if (current(kind)) this.#use(kind, track);
        else track.stop();
      }
      await this.#list();
      return true;
    } catch (cause) {
      // Of two at once it is not said which one failed: they are tried one by one.
      const [only, another] = kinds;
      if (only && !another && current(only)) {
        this.problems.value = { ...this.problems.value, [only]: CanopyError.from(cause) };
        this.#set(only, undefined);
      }
      return false;
    }
  }

  #use(kind: CaptureKind, track: MediaStreamTrack): void {
    const { [kind]: _solved, ...others } = this.problems.value;
    this.problems.value = others;
    this.#set(kind, track);
    track.addEventListener('ended', () => {
      if (this[kind].value !== track) return;
      this.problems.value = {
        ...this.problems.value,
        [kind]: new CanopyError('MEDIA_NOT_FOUND', 'unplugged'),
      };
      this.#set(kind, undefined);
    });
  }

  #set(kind: CaptureKind, track: MediaStreamTrack | undefined): void {
    const before = this[kind].value;
    this[kind].value = track;
    if (before !== track) before?.stop();
  }

  #stop(kind: CaptureKind): void {
    this.#openings[kind] += 1;
    this.#set(kind, undefined);
  }

  async #list(): Promise<void> {
    this.devices.value = await navigator.mediaDevices.enumerateDevices();
  }
}

function readChoices(): Choices {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Choices;
  } catch {
    return {};
  }
}

function writeChoices(choices: Choices): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(choices));
  } catch {
    // Storage may be full or forbidden; the choice holds for this visit.
  }
}
