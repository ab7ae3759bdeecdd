import { randomUUID } from 'node:crypto';

/** A MediaStreamTrack for media that is not rendered. It has an id, `enabled` and an end, but no constraints. */
export class MediaTrack extends EventTarget implements MediaStreamTrack {
  readonly id: string = randomUUID();
  readonly kind: 'audio' | 'video';
  readonly label: string;
  readonly muted = false;
  contentHint = '';
  enabled = true;
  onended: ((this: MediaStreamTrack, event: Event) => unknown) | null = null;
  onmute: ((this: MediaStreamTrack, event: Event) => unknown) | null = null;
  onunmute: ((this: MediaStreamTrack, event: Event) => unknown) | null = null;
  #readyState: MediaStreamTrackState = 'live';

  constructor(kind: 'audio' | 'video', label: string) {
    super();
    this.kind = kind;
    this.label = label;
  }

  get readyState(): MediaStreamTrackState {
    return this.#readyState;
  }

  /** Ends the track. As in browsers, this fires no event. */
  stop(): void {
    this.#readyState = 'ended';
  }

  clone(): MediaStreamTrack {
    throw new DOMException('tracks of clips and receivers cannot be cloned', 'NotSupportedError');
  }

  async applyConstraints(): Promise<void> {}

  getCapabilities(): MediaTrackCapabilities {
    return {};
  }

  getConstraints(): MediaTrackConstraints {
    return {};
  }

  getSettings(): MediaTrackSettings {
    return {};
  }
}
