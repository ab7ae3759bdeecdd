import { computed, signal } from '@preact/signals';
import { CanopyError, openCapture } from '../../sdk/index.ts';
import { errorSentence, strings } from '../strings/index.ts';

export type CaptureKind = 'camera' | 'microphone';

/** Settings remembered between visits. */
export interface Choices {
  camera?: string;
  microphone?: string;
  speaker?: string;
  cameraOff?: boolean;
  muted?: boolean;
}

export type DeviceKind = 'camera' | 'microphone' | 'speaker';

/** Something that happened to a device in use without the user's doing. */
export type DeviceEvent =
  /** It was disconnected, and another one has replaced it. */
  | { name: 'replaced'; kind: CaptureKind; label: string }
  /** It was disconnected, and there is no other. */
  | { name: 'lost'; kind: CaptureKind }
  /** The system or another program is using it. */
  | { name: 'interrupted'; kind: CaptureKind };

const KINDS: readonly CaptureKind[] = ['camera', 'microphone'];
const INPUTS = { camera: 'videoinput', microphone: 'audioinput' } as const;
const STORAGE_KEY = 'canopy.devices';
/** If opening takes longer, the browser is probably asking for permission, in milliseconds. */
const ASKING_MS = 500;
/** Interval between checks of open devices, in milliseconds: Chromium on Linux does not report changes made by the sound server. */
const CHECK_MS = 3000;
/** Shortest interruption that is reported, in milliseconds. */
const INTERRUPTED_MS = 1000;

/** The user's camera and microphone, and their choice of devices. */
export class LocalMedia {
  readonly camera = signal<MediaStreamTrack | undefined>(undefined);
  readonly microphone = signal<MediaStreamTrack | undefined>(undefined);
  /** Why a device could not be opened. */
  readonly problems = signal<{ [K in CaptureKind]?: CanopyError }>({});
  /** Devices are being opened. */
  readonly opening = signal(false);
  /** Opening takes so long that the browser is probably asking for permission. */
  readonly asking = signal(false);
  readonly devices = signal<MediaDeviceInfo[]>([]);
  readonly choices = signal<Choices>(readChoices());
  /** Whether the user wants the camera on, even if there is none. */
  readonly cameraWanted = signal(!this.choices.value.cameraOff);
  readonly muted = signal(this.choices.value.muted ?? false);
  readonly cameraOn = computed(() => this.camera.value !== undefined);
  readonly microphoneOn = computed(() => this.microphone.value !== undefined && !this.muted.value);
  /** Called with events of devices in use; set by a call. */
  onDevice: (event: DeviceEvent) => void = () => {};
  /** Devices are closed after a call, so that no camera light stays on, until the user joins again or turns them on. */
  #resting = false;
  #pending = 0;
  #watching = false;
  /** The device of each track when devices were last listed. */
  readonly #inUse: { [K in CaptureKind]?: MediaDeviceInfo | undefined } = {};
  /** Whether the chosen device was missing from the last list. */
  readonly #missed = { camera: false, microphone: false };
  /** Counts attempts to open each kind of device, so that a superseded attempt changes nothing. */
  readonly #openings = { camera: 0, microphone: 0 };

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.#watch());
    setInterval(() => {
      if (this.camera.value || this.microphone.value || this.#isMissed()) {
        void this.#watch();
      }
    }, CHECK_MS);
  }

  /** Opens the wanted devices that are not open yet, with a single permission prompt if possible. Never rejects. */
  async open(): Promise<void> {
    this.#resting = false;
    const camera = this.cameraWanted.value && !this.camera.value;
    const microphone = !this.microphone.value;
    if (camera && microphone && (await this.#tryOpen(['camera', 'microphone']))) {
      return;
    }
    await Promise.all([
      camera ? this.#openOne('camera') : undefined,
      microphone ? this.#openOne('microphone') : undefined,
    ]);
  }

  /** Opens the devices for the lobby, except right after a call. */
  async preview(): Promise<void> {
    if (!this.#resting) {
      await this.open();
    }
  }

  /** Reopens the devices closed after a call, for the next one. */
  async wake(): Promise<void> {
    if (this.#resting) {
      await this.open();
    }
  }

  async setCameraWanted(wanted: boolean): Promise<void> {
    this.cameraWanted.value = wanted;
    this.#remember({ cameraOff: !wanted });
    if (wanted) {
      await this.#openOne('camera');
    } else {
      this.#stop('camera');
    }
  }

  /** Mutes or unmutes. Opens the microphone if it is not open yet. */
  async setMuted(muted: boolean): Promise<void> {
    this.muted.value = muted;
    this.#remember({ muted });
    if (!muted && !this.microphone.value) {
      await this.#openOne('microphone');
    }
  }

  /** Switches to another device. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#remember({ [kind]: deviceId });
    if (kind === 'speaker') {
      return;
    }
    if (kind === 'camera' && !this.cameraWanted.value) {
      return;
    }
    await this.#openOne(kind);
  }

  /** Closes both devices until the user joins again or turns them on. */
  rest(): void {
    this.#resting = true;
    for (const kind of KINDS) {
      this.#stop(kind);
    }
  }

  /** @param optional on failure, keep the open device. Default false. */
  async #openOne(kind: CaptureKind, optional = false): Promise<boolean> {
    return this.#tryOpen([kind], optional);
  }

  async #tryOpen(kinds: CaptureKind[], optional = false): Promise<boolean> {
    const attempts = kinds.map((kind) => {
      this.#openings[kind] += 1;
      return this.#openings[kind];
    });
    const isCurrent = (kind: CaptureKind): boolean => this.#openings[kind] === attempts[kinds.indexOf(kind)];
    const done = this.#waitForDevice();
    try {
      const stream = await openCapture(
        Object.fromEntries(kinds.map((kind) => [kind, this.choices.value[kind] ?? true])),
      );
      for (const track of stream.getTracks()) {
        const kind = track.kind === 'video' ? 'camera' : 'microphone';
        if (isCurrent(kind)) {
          this.#use(kind, track);
        } else {
          track.stop();
        }
      }
      await this.#list();
      return true;
    } catch (cause) {
      // The error does not say which of two devices failed, so the caller tries them one by one.
      const [only, another] = kinds;
      if (only && !another && !optional && isCurrent(only)) {
        this.problems.value = { ...this.problems.value, [only]: CanopyError.from(cause) };
        this.#set(only, undefined);
      }
      return false;
    } finally {
      done();
    }
  }

  #waitForDevice(): () => void {
    this.#pending += 1;
    this.opening.value = true;
    const timer = setTimeout(() => {
      this.asking.value = true;
    }, ASKING_MS);
    return () => {
      clearTimeout(timer);
      this.#pending -= 1;
      this.opening.value = this.#pending > 0;
      if (!this.opening.value) {
        this.asking.value = false;
      }
    };
  }

  #use(kind: CaptureKind, track: MediaStreamTrack): void {
    const { [kind]: _solved, ...others } = this.problems.value;
    this.problems.value = others;
    this.#set(kind, track);
    track.addEventListener('ended', () => {
      if (this[kind].value === track) {
        void this.#replace(kind);
      }
    });
    track.addEventListener('mute', () => {
      setTimeout(() => {
        if (this[kind].value === track && track.muted) {
          this.onDevice({ name: 'interrupted', kind });
        }
      }, INTERRUPTED_MS);
    });
  }

  /** The device in use was disconnected: switches to another one, if there is one. */
  async #replace(kind: CaptureKind): Promise<void> {
    const gone = this[kind].value;
    const opened = await this.#openOne(kind);
    const now = this[kind].value;
    if (opened && now && now !== gone) {
      this.onDevice({ name: 'replaced', kind, label: now.label });
    } else if (!now && this.problems.value[kind]) {
      this.onDevice({ name: 'lost', kind });
    }
  }

  /** Reacts to devices that come and go and to streams that the system moves, so that the chosen device is the one in use. */
  async #watch(): Promise<void> {
    if (this.#watching || this.opening.value) {
      return;
    }
    this.#watching = true;
    try {
      await this.#list();
      for (const kind of KINDS) {
        const track = this[kind].value;
        const [gone, back] = [track !== undefined && this.#isGone(kind, track), this.#isBack(kind)];
        if (gone) {
          await this.#replace(kind);
        } else if (track && back) {
          await this.#openOne(kind, true);
        } else if (!track && this.#hasCome(kind)) {
          await this.#openOne(kind);
        }
      }
    } finally {
      this.#watching = false;
    }
  }

  /** Whether the track's device is gone, or was the system default, which has changed. */
  #isGone(kind: CaptureKind, track: MediaStreamTrack): boolean {
    const { deviceId } = track.getSettings();
    const device = this.#inputs(kind).find((each) => each.deviceId === deviceId);
    const before = this.#inUse[kind];
    this.#inUse[kind] = device;
    // Only a device that has been listed can be gone.
    if (deviceId === undefined || before?.deviceId !== deviceId) {
      return false;
    }
    return device === undefined || (deviceId === 'default' && device.groupId !== before.groupId);
  }

  /** Whether the chosen device was missing and is back. */
  #isBack(kind: CaptureKind): boolean {
    const chosen = this.choices.value[kind];
    const isThere = chosen === undefined || this.#inputs(kind).some(({ deviceId }) => deviceId === chosen);
    const wasThere = !this.#missed[kind];
    this.#missed[kind] = !isThere;
    return isThere && !wasThere && this[kind].value?.getSettings().deviceId !== chosen;
  }

  /** Whether there was no device, and now there is one. */
  #hasCome(kind: CaptureKind): boolean {
    return this.problems.value[kind]?.code === 'MEDIA_NOT_FOUND' && this.#inputs(kind).length > 0;
  }

  #isMissed(): boolean {
    return KINDS.some((kind) => this.problems.value[kind]?.code === 'MEDIA_NOT_FOUND');
  }

  #inputs(kind: CaptureKind): MediaDeviceInfo[] {
    return this.devices.value.filter((device) => device.kind === INPUTS[kind] && device.deviceId !== '');
  }

  #set(kind: CaptureKind, track: MediaStreamTrack | undefined): void {
    const before = this[kind].value;
    this[kind].value = track;
    if (before !== track) {
      before?.stop();
    }
  }

  #stop(kind: CaptureKind): void {
    this.#openings[kind] += 1;
    this.#set(kind, undefined);
  }

  async #list(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const text = (list: MediaDeviceInfo[]) => list.map((each) => JSON.stringify(each)).join();
    if (text(devices) !== text(this.devices.value)) {
      this.devices.value = devices;
    }
  }

  #remember(changes: Choices): void {
    this.choices.value = { ...this.choices.value, ...changes };
    writeChoices(this.choices.value);
  }
}

/** What to tell the user about a problem with one kind of device. */
export function deviceSentence(kind: CaptureKind, problem: CanopyError): string {
  const { cameraProblems, microphoneProblems } = strings.value.devices;
  const sentences: { [code: string]: string } = kind === 'camera' ? cameraProblems : microphoneProblems;
  return sentences[problem.code] ?? errorSentence(problem);
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
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
}
