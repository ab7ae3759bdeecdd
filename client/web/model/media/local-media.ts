import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { type AudioProcessing, CanopyError, openCapture } from '../../../sdk/index.ts';
import { errorSentence, strings } from '../../strings/index.ts';
import { backgroundPicture, type Effect, EffectTrack, keepBackgroundPicture } from './effects/index.ts';

export type CaptureKind = 'camera' | 'microphone';

/** Settings remembered between visits. */
export interface Choices {
  camera?: string;
  microphone?: string;
  speaker?: string;
  cameraOff?: boolean;
  muted?: boolean;
  /** What the browser does to the microphone's sound. */
  processing?: AudioProcessing;
  /** Only voices are sent; see effects/noise.ts. */
  voiceOnly?: boolean;
  /** What others see in place of what is behind the user. Default: nothing is changed. */
  background?: Background;
}

export const BACKGROUNDS = ['none', 'blur', 'picture'] as const;
export type Background = (typeof BACKGROUNDS)[number];

export type DeviceKind = 'camera' | 'microphone' | 'speaker';

/** Something that happened to the devices without the user's doing. */
export type DeviceEvent =
  /** A device in use was disconnected, and another one has replaced it. */
  | { name: 'replaced'; kind: CaptureKind; label: string }
  /** The system or another program is using the camera. */
  | { name: 'interrupted' }
  /** The chosen speaker was disconnected. */
  | { name: 'speaker-lost' }
  /** An effect does not work here, and was turned off. The camera too, if its background was to be changed. */
  | { name: 'effect-failed'; kind: CaptureKind }
  /** This device is too slow for changing the background. */
  | { name: 'effect-slow' }
  /** Devices were connected that belong together, such as the microphone and speaker of a headset; none of them is in use. */
  | { name: 'added'; label: string; devices: ReadonlyArray<{ kind: DeviceKind; deviceId: string }> };

const KINDS: readonly CaptureKind[] = ['camera', 'microphone'];
const INPUTS = { camera: 'videoinput', microphone: 'audioinput' } as const;
const KIND_OF = { videoinput: 'camera', audioinput: 'microphone', audiooutput: 'speaker' } as const;
/** Ids of entries that stand for another device in the list. */
const ALIASES = ['default', 'communications'];
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
  /** A muted user talks for as long as they hold a key. */
  readonly talking = signal(false);
  /** Whether nothing of the microphone is sent. */
  readonly silenced = computed(() => this.muted.value && !this.talking.value);
  readonly cameraOn = computed(() => this.camera.value !== undefined);
  readonly microphoneOn = computed(() => this.microphone.value !== undefined && !this.silenced.value);
  /** What is sent of the camera: its picture after the chosen effect. Nothing while the effect loads. */
  readonly sentCamera = this.#after('camera', backgroundEffect, 'nothing');
  /** What is sent of the microphone. */
  readonly sentMicrophone = this.#after('microphone', voiceEffect, 'input');
  /** The devices whose effect does not work in this browser. */
  readonly failedEffects = signal<readonly CaptureKind[]>([]);
  /** Called with events of devices in use; set by a call. */
  onDevice: (event: DeviceEvent) => void = () => {};
  /** Devices are closed after a call, so that no camera light stays on, until the user joins again or turns them on. */
  #resting = false;
  /** Number of attempts to open each device that are under way. */
  readonly #pending = { camera: 0, microphone: 0 };
  #watching = false;
  /** The device of each track when devices were last listed. */
  readonly #inUse: { [K in CaptureKind]?: MediaDeviceInfo | undefined } = {};
  /** Whether the chosen device was missing from the last list. */
  readonly #missed = { camera: false, microphone: false };
  /** Counts attempts to open each kind of device, so that a superseded attempt changes nothing. */
  readonly #openings = { camera: 0, microphone: 0 };

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.#watch());
    void this.#watchPermissions();
    setInterval(() => {
      if (this.camera.value || this.microphone.value || this.#isMissed()) {
        void this.#watch();
      }
    }, CHECK_MS);
  }

  /** Whether a device that is switched on is neither open yet nor known to have a problem. */
  get starting(): boolean {
    const { camera, microphone } = this.problems.value;
    return (
      (this.cameraWanted.value && !this.camera.value && !camera) ||
      (!this.muted.value && !this.microphone.value && !microphone)
    );
  }

  /** Opens the devices that are switched on and not open yet, with a single permission prompt if possible. Never rejects. */
  async open(): Promise<void> {
    this.#resting = false;
    const camera = this.cameraWanted.value && !this.camera.value;
    const microphone = !this.muted.value && !this.microphone.value;
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
    this.talking.value = false;
    this.muted.value = muted;
    this.#remember({ muted });
    if (!muted && !this.microphone.value) {
      await this.#openOne('microphone');
    }
  }

  /** Starts or stops talking while muted (push to talk). */
  async setTalking(talking: boolean): Promise<void> {
    this.talking.value = talking && this.muted.value;
    if (this.talking.value && !this.microphone.value) {
      await this.#openOne('microphone');
    }
  }

  /** Changes what the browser does to the microphone's sound. */
  async setProcessing(changes: AudioProcessing): Promise<void> {
    this.#remember({ processing: { ...this.choices.value.processing, ...changes } });
    // Browsers ignore such changes while the microphone is open, and one that is still opening was requested with the old settings.
    if (this.microphone.value || this.#pending.microphone > 0) {
      this.#set('microphone', undefined);
      await this.#openOne('microphone');
    }
  }

  /** Sends only voices, or everything. */
  async setVoiceOnly(on: boolean): Promise<void> {
    this.#tryEffect('microphone');
    this.#remember({ voiceOnly: on });
    // RNNoise works best on what the browser has not filtered.
    await this.setProcessing({ noiseSuppression: !on });
  }

  setBackground(background: Background): void {
    this.#tryEffect('camera');
    this.#remember({ background });
  }

  /** Puts a picture behind the user. Rejects if the file is not a picture. */
  async chooseBackgroundPicture(file: Blob): Promise<void> {
    await keepBackgroundPicture(file);
    // Makes the effect load the new picture.
    this.#remember({ background: 'none' });
    this.setBackground('picture');
  }

  /** Tries again to open a device that could not be opened. */
  async retry(kind: CaptureKind): Promise<void> {
    await this.#openOne(kind);
  }

  /** Switches to another device. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#remember({ [kind]: deviceId });
    if (kind === 'speaker') {
      return;
    }
    // The choice counts when the device is switched on.
    if (kind === 'camera' ? !this.cameraWanted.value : this.muted.value && !this.microphone.value) {
      return;
    }
    await this.#openOne(kind);
  }

  /** Closes both devices until the user joins again or turns them on. */
  rest(): void {
    this.#resting = true;
    this.talking.value = false;
    for (const kind of KINDS) {
      this.#stop(kind);
    }
  }

  /** @param effectFor the effect that the user has chosen; it depends on nothing else */
  #after(
    kind: CaptureKind,
    effectFor: (media: LocalMedia) => ReadonlySignal<Effect | undefined>,
    meanwhile: 'input' | 'nothing',
  ): ReadonlySignal<MediaStreamTrack | undefined> {
    const sent = new EffectTrack(this[kind], effectFor(this), meanwhile);
    sent.onFailure = (error) => {
      console.warn(error);
      this.failedEffects.value = [...this.failedEffects.value, kind];
      if (kind === 'camera') {
        this.#remember({ background: 'none' });
        // The user did not want to show what is behind them.
        void this.setCameraWanted(false);
      } else {
        void this.setVoiceOnly(false);
      }
      this.onDevice({ name: 'effect-failed', kind });
    };
    return sent.output;
  }

  #tryEffect(kind: CaptureKind): void {
    this.failedEffects.value = this.failedEffects.value.filter((each) => each !== kind);
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
    const done = this.#waitForDevice(kinds);
    try {
      const stream = await openCapture({
        ...Object.fromEntries(kinds.map((kind) => [kind, this.choices.value[kind] ?? true])),
        ...this.choices.value.processing,
      });
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

  #waitForDevice(kinds: readonly CaptureKind[]): () => void {
    const count = (step: 1 | -1) => {
      for (const kind of kinds) {
        this.#pending[kind] += step;
      }
    };
    count(1);
    this.opening.value = true;
    const timer = setTimeout(() => {
      this.asking.value = true;
    }, ASKING_MS);
    return () => {
      clearTimeout(timer);
      count(-1);
      this.opening.value = KINDS.some((kind) => this.#pending[kind] > 0);
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
    // MicrophoneWatch reports an interrupted microphone.
    if (kind === 'camera') {
      track.addEventListener('mute', () => {
        setTimeout(() => {
          if (this.camera.value === track && track.muted) {
            this.onDevice({ name: 'interrupted' });
          }
        }, INTERRUPTED_MS);
      });
    }
  }

  /** The device in use was disconnected: switches to another one, if there is one. */
  async #replace(kind: CaptureKind): Promise<void> {
    const gone = this[kind].value;
    const opened = await this.#openOne(kind);
    const now = this[kind].value;
    if (opened && now && now !== gone) {
      this.onDevice({ name: 'replaced', kind, label: now.label });
    }
  }

  /** Reacts to devices that come and go and to streams that the system moves, so that the chosen device is the one in use. */
  async #watch(): Promise<void> {
    if (this.#watching || this.opening.value) {
      return;
    }
    this.#watching = true;
    try {
      const before = this.devices.value;
      await this.#list();
      const cameBack = new Set<string>();
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
        cameBack.add(this[kind].value?.getSettings().deviceId ?? '');
      }
      this.#reportSpeaker(before);
      this.#reportAdded(before, cameBack);
    } finally {
      this.#watching = false;
    }
  }

  #reportSpeaker(before: readonly MediaDeviceInfo[]): void {
    const { speaker } = this.choices.value;
    const has = (list: readonly MediaDeviceInfo[]) =>
      list.some(({ kind, deviceId }) => kind === 'audiooutput' && deviceId === speaker);
    if (speaker !== undefined && has(before) && !has(this.devices.value)) {
      this.onDevice({ name: 'speaker-lost' });
    }
  }

  /** @param inUse ids of the devices in use by now */
  #reportAdded(before: readonly MediaDeviceInfo[], inUse: ReadonlySet<string>): void {
    // Without labels the browser has not listed devices properly yet.
    if (!before.some(({ label }) => label !== '')) {
      return;
    }
    const known = new Set(before.map(({ kind, deviceId }) => `${kind} ${deviceId}`));
    const added = this.devices.value.filter(
      ({ kind, deviceId }) => !ALIASES.includes(deviceId) && !known.has(`${kind} ${deviceId}`),
    );
    for (const groupId of new Set(added.map((each) => each.groupId))) {
      const group = added.filter((each) => each.groupId === groupId);
      const offered = group.filter(({ deviceId }) => deviceId !== '' && !inUse.has(deviceId));
      const [first] = offered;
      // Whoever has no microphone or camera open gets no offer for one.
      if (!first || group.some(({ deviceId }) => inUse.has(deviceId))) {
        continue;
      }
      const devices = offered.map(({ kind, deviceId }) => ({ kind: KIND_OF[kind], deviceId }));
      this.onDevice({ name: 'added', label: first.label, devices });
    }
  }

  /** Opens a device that the browser had blocked as soon as the user allows it. */
  async #watchPermissions(): Promise<void> {
    for (const kind of KINDS) {
      try {
        const status = await navigator.permissions.query({ name: kind });
        status.addEventListener('change', () => {
          if (status.state === 'granted' && this.problems.value[kind]?.code === 'MEDIA_DENIED') {
            void this.#openOne(kind);
          }
        });
      } catch {
        // Not every browser knows these permissions.
      }
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
    // After a call nothing is open, and some browsers then hide what there is.
    const isHidden = devices.every(({ deviceId }) => deviceId === '');
    const isKnown = this.devices.value.some(({ deviceId }) => deviceId !== '');
    if (text(devices) !== text(this.devices.value) && !(isHidden && isKnown && devices.length > 0)) {
      this.devices.value = devices;
    }
  }

  #remember(changes: Choices): void {
    this.choices.value = { ...this.choices.value, ...changes };
    writeChoices(this.choices.value);
  }
}

function voiceEffect({ choices }: LocalMedia): ReadonlySignal<Effect | undefined> {
  const only = computed(() => choices.value.voiceOnly ?? false);
  return computed(() =>
    only.value ? async (track) => (await import('./effects/noise.ts')).suppressNoise(track) : undefined,
  );
}

function backgroundEffect(media: LocalMedia): ReadonlySignal<Effect | undefined> {
  const chosen = computed(() => media.choices.value.background ?? 'none');
  return computed(() => {
    const background = chosen.value;
    if (background === 'none') {
      return undefined;
    }
    return async (track) => {
      const { changeBackground } = await import('./effects/background.ts');
      const picture = background === 'picture' ? await backgroundPicture() : undefined;
      return changeBackground(track, picture, () => media.onDevice({ name: 'effect-slow' }));
    };
  });
}

/** Why a device could not be opened, and what to do. */
export function deviceSentence(kind: CaptureKind, problem: CanopyError): string {
  const { devices } = strings.value;
  const { code, detail } = problem;
  switch (code) {
    case 'MEDIA_DENIED':
      return detail === 'insecure'
        ? devices.insecure
        : detail === 'system'
          ? devices.deniedBySystem(kind)
          : devices.denied(kind);
    case 'MEDIA_NOT_FOUND':
      return devices.notFound(kind);
    case 'MEDIA_BUSY':
      return devices.busy(kind);
    default:
      return errorSentence(problem);
  }
}

/** The same for both devices, if they have the same problem; else undefined. */
export function bothDevicesSentence({
  camera,
  microphone,
}: LocalMedia['problems']['value']): string | undefined {
  if (!camera || camera.code !== microphone?.code || camera.detail !== microphone.detail) {
    return undefined;
  }
  const { devices } = strings.value;
  switch (camera.code) {
    case 'MEDIA_DENIED':
      return camera.detail === 'insecure'
        ? devices.insecure
        : camera.detail === 'system'
          ? undefined
          : devices.deniedBoth;
    case 'MEDIA_NOT_FOUND':
      return devices.notFoundBoth;
    case 'MEDIA_BUSY':
      return devices.busyBoth;
    default:
      return undefined;
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
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
}
