/** The program in a BrowserPhone's page: a phone made of JsSIP and the browser's WebRTC. */
import JsSIP from 'jssip';

type RTCSession = ReturnType<InstanceType<typeof JsSIP.UA>['call']>;

export interface PhoneAccount {
  /** Its own `sip:` URI. */
  uri: string;
  password: string;
  /** `wss:` URL of the server. */
  server: string;
  /** The only codec that it uses besides telephone-events, e.g. `PCMU`. Default: all of the browser's. */
  codec?: string;
}

/** Rate at which it listens, in Hz. */
export const HEARD_HZ = 16_000;

/** Without processing: noise suppression would take a steady tone for noise. */
const MICROPHONE = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const AUDIO = { mediaConstraints: { audio: MICROPHONE, video: false } };

/** Registers, calls, answers every call, and keeps what it hears. */
class Phone {
  readonly #account: PhoneAccount;
  readonly #agent: InstanceType<typeof JsSIP.UA>;
  #session: RTCSession | undefined;
  #analyser: AnalyserNode | undefined;
  #state: 'idle' | 'calling' | 'established' | 'ended' = 'idle';
  /** Why the last call ended. */
  #cause = '';

  constructor(account: PhoneAccount) {
    this.#account = account;
    this.#agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.server)],
      uri: account.uri,
      password: account.password,
    });
    this.#agent.on('newRTCSession', ({ session }: { session: RTCSession }) => this.#follow(session));
  }

  register(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#agent.on('registered', () => resolve());
      this.#agent.on('registrationFailed', ({ cause }) => reject(new Error(cause)));
      this.#agent.on('disconnected', ({ code, reason }) =>
        reject(new Error(`disconnected: ${code} ${reason}`)),
      );
      this.#agent.start();
    });
  }

  call(target: string): void {
    this.#agent.call(target, AUDIO);
  }

  /** Presses keys as telephone-events (RFC 4733), which Chromium sends once the media is connected. */
  async press(keys: string): Promise<void> {
    const connection = this.#session?.connection;
    while (connection?.connectionState !== 'connected') {
      await new Promise((resolve) =>
        connection?.addEventListener('connectionstatechange', resolve, { once: true }),
      );
    }
    this.#session?.sendDTMF(keys, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  }

  hold(on: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const session = this.#session;
    const begun = on ? session?.hold({}, resolve) : session?.unhold({}, resolve);
    if (begun !== true) {
      reject(new Error('the call cannot be held or resumed now'));
    }
    return promise;
  }

  hangUp(): void {
    this.#session?.terminate();
  }

  get state() {
    return { state: this.#state, cause: this.#cause };
  }

  /** The last two seconds, as 16-bit samples. */
  heard(): number[] {
    const samples = new Float32Array(this.#analyser?.fftSize ?? 0);
    this.#analyser?.getFloatTimeDomainData(samples);
    return Array.from(samples, (sample) => Math.round(sample * 32_767));
  }

  #follow(session: RTCSession): void {
    this.#session = session;
    this.#state = 'calling';
    session.on('confirmed', () => {
      this.#state = 'established';
    });
    const end = ({ cause }: { cause: string }) => {
      this.#state = 'ended';
      this.#cause = cause;
    };
    session.on('ended', end);
    session.on('failed', end);
    if (session.direction === 'incoming') {
      session.on('peerconnection', ({ peerconnection }) => this.#prepare(peerconnection));
      session.answer(AUDIO);
    } else {
      this.#prepare(session.connection);
    }
  }

  #prepare(connection: RTCPeerConnection): void {
    connection.addEventListener('track', ({ track }) => this.#listen(track));
    const { codec } = this.#account;
    if (codec === undefined) {
      return;
    }
    const all = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
    const wanted = all.filter(({ mimeType }) =>
      [codec.toLowerCase(), 'telephone-event'].includes(mimeType.toLowerCase().slice('audio/'.length)),
    );
    // JsSIP makes its offer right after it has added the track, before `negotiationneeded`.
    const createOffer = connection.createOffer.bind(connection);
    Object.assign(connection, {
      createOffer(options?: RTCOfferOptions) {
        for (const transceiver of connection.getTransceivers()) {
          transceiver.setCodecPreferences(wanted);
        }
        return createOffer(options);
      },
    });
  }

  #listen(track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    // Chromium decodes a remote track only if an element plays it.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    void element.play();
    const context = new AudioContext({ sampleRate: HEARD_HZ });
    const analyser = context.createAnalyser();
    analyser.fftSize = 32_768;
    context.createMediaStreamSource(stream).connect(analyser);
    this.#analyser = analyser;
  }
}

declare global {
  var browserPhone: Phone;
}

/** Registers the page's phone. */
export async function start(account: PhoneAccount): Promise<void> {
  globalThis.browserPhone = new Phone(account);
  await globalThis.browserPhone.register();
}
