import { randomUUID } from 'node:crypto';
import { CanopyError, type Logger } from '../../base/index.ts';
import type { NewParticipant } from '../../client/sdk/index.ts';
import {
  type CallerVerification,
  type CallRecord,
  type MeasuredCall,
  type TelephonyConfig,
  VERSTAT,
  verstatOf,
} from '../../contract/index.ts';
import type { CallState, PhoneSeat, RoomBridges, SeatEvents } from '../bridge/index.ts';
import type { CodecName } from '../codecs/index.ts';
import type { LegEvent, LegStats, MediaPool, PortRange } from '../media/index.ts';
import type { CallStage, EndCause, GatewayMetrics } from '../metrics.ts';
import type { Prompts } from '../prompts/index.ts';
import {
  type Call,
  type CallEnd,
  type CallerIdentity,
  IncomingCall,
  isOverTls,
  type OfferRequest,
  OutgoingCall,
  type RateLimiter,
  type ReferRequest,
  type SavedIncomingInvite,
  type SavedInvite,
  SdpError,
  type SipStack,
} from '../sip/index.ts';
import type { CallerVerifier } from '../stir/index.ts';
import type { CallTraces } from '../tracing/index.ts';
import type { TrunkGuard } from '../trunks/index.ts';
import { CallAppearance, shownFields } from './call-appearance.ts';
import { type EncryptionMeans, localEncryption } from './call-encryption.ts';
import { CallMedia, type CallMediaOptions } from './call-media.ts';
import type { CallParts, EarlierCall } from './call-parts.ts';
import { presentQuality } from './call-quality.ts';
import { type CallEnding, callRecord, type Ending, loggedStats, shortened } from './call-record.ts';
import { type CallSettings, callCodecs, keyWays } from './call-settings.ts';
import { CallSounds } from './call-sounds.ts';
import { Keypad } from './keypad.ts';
import type { PeopleLink } from './people-link.ts';
import type { PinGuard } from './pin-guard.ts';
import type { SavedPhoneCall, SavedPinDialogue, SavedSeat, SavedSession } from './saved-call.ts';
import type { SavedMedia } from './saved-media.ts';

/** What calls need from the gateway that owns them. */
export interface CallHost {
  readonly stack: SipStack;
  readonly pool: MediaPool;
  readonly rooms: RoomBridges;
  readonly prompts: Prompts;
  readonly metrics: GatewayMetrics;
  /** Counts wrong PINs across all calls. */
  readonly pins: PinGuard;
  /** Limits how often a phone or trunk may transfer. */
  readonly transfers: RateLimiter;
  /** Verifies the numbers of callers. */
  readonly verifier: CallerVerifier;
  /** The calls' SIP messages. */
  readonly traces: CallTraces;
  /** Applies the limits of trunks. */
  readonly trunks: TrunkGuard;
  readonly log: Logger;
  readonly ports: PortRange;
  /** Codecs for phones, best first. */
  readonly codecs: readonly CodecName[];
  readonly encryption: EncryptionMeans;
  /** A call whose phone sends no media for longer is ended, in seconds; 0: never. */
  readonly silenceSeconds: number;
  /** The current settings. */
  config(): TelephonyConfig;
  /** Our address that a peer sends its media to. */
  mediaAddress(peer: string): string;
  /** Updates the call in the history. */
  record(call: CallRecord): void;
  adopt(call: PhoneCall): void;
  forget(call: PhoneCall): void;
  find(callId: string): PhoneCall | undefined;
  /** The call of this SIP call. */
  callOf(sip: Call): PhoneCall | undefined;
  /** Direct calls between phones and people. */
  readonly people: PeopleLink;
  /** A phone asks to be transferred. */
  refer(call: PhoneCall, request: ReferRequest): void;
}

/** Null: nothing was said. */
type RecordedSound = Extract<LegEvent, { type: 'recorded' }>['sound'];

type EndListener = (cause: EndCause, end: Ending) => void;

/**
 * One call: its SIP side, its media and its seat in a room. end() releases all three, whichever side hangs up, and removes the call from
 * its host.
 */
export class PhoneCall {
  readonly callId: string;
  readonly direction: CallParts['direction'];
  readonly log: Logger;
  readonly sounds: CallSounds;
  /** Called for each key that the phone presses. */
  onKey: (key: string) => void = () => {};
  /** Called when a prompt has been played to its end. */
  onPlayed: () => void = () => {};
  /** Called when a recording has ended. */
  onRecorded: (sound: RecordedSound) => void = () => {};
  /** Called when a call that somebody placed into the room has failed. */
  onCallFailed: (callId: string) => void = () => {};
  /** Set while the caller is asked for a PIN, or once it was. */
  pinDialogue: { save(): SavedPinDialogue } | undefined;
  readonly #host: CallHost;
  readonly #parts: CallParts;
  readonly #startedAtMs: number;
  readonly #beganMs = performance.now();
  readonly #keypad = new Keypad(
    (key) => this.onKey(key),
    () => keyWays(this.settings),
  );
  #answeredAtMs: number | null = null;
  #answeredMs = 0;
  #roomId: string | null;
  #sip: Call | undefined;
  #media: CallMedia | undefined;
  #seat: PhoneSeat | undefined;
  /** The caller's name in their own voice. Kept here alone, for as long as the call lasts. */
  #spokenName: RecordedSound = null;
  #mediaHeard = false;
  /** The codec whose sound cannot be forwarded to the room as it is. */
  #processedCodec: CodecName | undefined;
  readonly #appearance = new CallAppearance(
    () => this.#media,
    () => this.#sip,
  );
  #overTls = false;
  #transfer: CallRecord['transfer'];
  /** As of the last check. */
  #stats: LegStats | undefined;
  readonly #endListeners = new Set<EndListener>();
  #ended: Promise<void> | undefined;

  constructor(host: CallHost, { earlier, ...parts }: CallParts & { earlier?: EarlierCall }) {
    this.#host = host;
    this.#parts = parts;
    this.#startedAtMs = earlier?.startedAtMs ?? Date.now();
    this.callId = parts.callId ?? randomUUID();
    this.direction = parts.direction;
    this.#roomId = parts.roomId;
    this.log = host.log.child({ callId: this.callId });
    this.sounds = new CallSounds({
      prompts: host.prompts,
      language: () => host.config().language,
      media: () => (this.#ended ? undefined : this.#media),
      attempt: (work) => this.#attempt(work),
    });
    host.adopt(this);
    if (earlier) {
      this.#answeredAtMs = earlier.answeredAtMs;
      this.#answeredMs = performance.now();
    } else {
      host.metrics.invited(parts.direction);
      this.#record();
    }
  }

  /** What a later process needs to continue the call; undefined if it cannot, at this moment. */
  save(): SavedPhoneCall | undefined {
    const state = this.#ended || this.transferring ? undefined : (this.#saveSession() ?? this.#saveInvite());
    return (
      state && {
        callId: this.callId,
        savedAtMs: Date.now(),
        parts: this.#parts,
        startedAtMs: this.#startedAtMs,
        state,
        charge: this.#host.trunks.save(this.callId),
      }
    );
  }

  #saveSession(): SavedSession | undefined {
    const answeredAtMs = this.#answeredAtMs;
    const place = this.#seat ? seatOf(this.#seat) : this.pinDialogue?.save();
    const sip = this.#sip?.save();
    const media = this.#media?.save();
    return answeredAtMs !== null && place && sip && media ? { answeredAtMs, place, sip, media } : undefined;
  }

  #saveInvite(): SavedIncomingInvite | undefined {
    return this.#sip instanceof IncomingCall ? this.#sip.saveInvite() : undefined;
  }

  /** The INVITEs that ring phones. A later process does not go on with these, but cancels them. */
  saveInvites(): SavedInvite[] {
    return this.#sip instanceof OutgoingCall ? this.#sip.saveInvites() : [];
  }

  /** Continues the media of an earlier process. Returns it if the phone must be told its new port. @throws {RangeError} it cannot */
  async restoreMedia(saved: SavedMedia, elapsedMs: number): Promise<CallMedia | undefined> {
    const { media, moved } = await CallMedia.restore(this.#mediaOptions(saved.address), saved, elapsedMs);
    if (this.#ended) {
      await media.close();
      return undefined;
    }
    this.#media = media;
    return moved ? media : undefined;
  }

  /** Mutes the phone in the room, as it was before a restart. */
  async restoreMute(seat: PhoneSeat): Promise<void> {
    await Promise.all([seat.setMuted(true), this.#media?.mute(true)]);
  }

  /** Calls back once, after everything is released. Returns a function that withdraws the callback. */
  onEnded(listener: EndListener): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  get answered(): boolean {
    return this.#answeredAtMs !== null;
  }

  get codec(): string | null {
    return this.#media?.codec ?? null;
  }

  get settings(): CallSettings {
    return this.#parts.settings;
  }

  get encryption(): CallRecord['encryption'] {
    return this.#media?.encryption ?? null;
  }

  get media(): CallMedia | undefined {
    return this.#media;
  }

  get seat(): PhoneSeat | undefined {
    return this.#seat;
  }

  get muted(): boolean {
    return this.#seat?.muted ?? false;
  }

  get trunk(): string | null {
    return this.#parts.trunk;
  }

  get displayName(): string {
    return this.#parts.displayName;
  }

  /** The other party's address, as in the history. */
  get remote(): string {
    return this.#parts.remote;
  }

  get sip(): Call | undefined {
    return this.#sip;
  }

  /** Shows what is known about the caller's number. Call it before the phone enters a room. */
  setVerification(verification: CallerVerification): void {
    this.#parts.verification = verification;
    this.#parts.attributes = { ...this.#parts.attributes, [VERSTAT]: verstatOf(verification) };
    this.log.info({ verification }, 'number of the caller judged');
    this.#record();
  }

  /** Whose call it is; `anonymous` before there is a SIP call. */
  get party(): CallerIdentity {
    return this.#sip?.identity ?? { kind: 'anonymous' };
  }

  /** Whether a transfer was accepted and its outcome is not known yet. */
  get transferring(): boolean {
    return this.#transfer?.sipStatus === null;
  }

  /**
   * Opens the leg. `address`: ours, as in the SDP. `overTls`: whether an INVITE that we are going to send uses TLS.
   * @throws {RangeError} no port is left
   */
  async openMedia(address: string, overTls = false): Promise<CallMedia> {
    this.#overTls = overTls;
    const media = await CallMedia.open(this.#mediaOptions(address));
    if (this.#ended) {
      await media.close();
    } else {
      this.#media = media;
    }
    return media;
  }

  #mediaOptions(address: string): CallMediaOptions {
    const { pool, ports, codecs, encryption: means } = this.#host;
    const roomId = this.#roomId ?? undefined;
    const encryption = () => {
      const isTls = this.#sip ? isOverTls(this.#sip.source.protocol) : this.#overTls;
      return localEncryption(this.settings, means, isTls);
    };
    const ice = () => this.settings.ice;
    return {
      pool,
      legId: this.callId,
      roomId,
      address,
      ports,
      codecs: () => callCodecs(this.settings, codecs),
      events: () => keyWays(this.settings).has('event'),
      encryption,
      ice,
    };
  }

  /**
   * Listens to the SIP call: its end, changes to the session, keys by INFO, transfers. `goesOn`: whether another SIP call follows this one,
   * which has ended; by default none does.
   */
  follow(sip: Call, goesOn: (end: CallEnd) => boolean = () => false): void {
    this.#sip = sip;
    this.#host.traces.keep(this.callId, sip.callId);
    sip.on('end', (end) => {
      if (!goesOn(end)) {
        this.#sipEnded(end);
      }
    });
    sip.on('refer', (request) => this.#host.refer(this, request));
    sip.on('offer', (offer) => this.#reoffered(offer));
    sip.on('answer', (sdp) => this.#attempt(() => this.#reanswered(sdp)));
    sip.on('dtmf', ({ digit }) => this.#keypad.press(digit, 'info', performance.now()));
  }

  /**
   * Takes a seat in a room.
   *
   * @param admission `pinGiven`: whether the caller was asked for a PIN of the room; `isModerator`: whether that was the PIN of moderators; `movedFrom`: the participant that it was in another room
   * @throws {CanopyError} any code of RoomBridge.enter()
   */
  async enterRoom(
    roomId: string,
    callState: CallState,
    admission: Pick<NewParticipant, 'pinGiven' | 'isModerator' | 'movedFrom'> = {},
  ): Promise<PhoneSeat> {
    const { displayName } = this.#parts;
    this.#roomId = roomId;
    const appearance = this.#appearance.show(callState === 'answered');
    const seat = await this.#host.rooms.enter(
      roomId,
      {
        displayName,
        callState: appearance.held ? 'held' : callState,
        ...shownFields(appearance),
        attributes: this.#parts.attributes,
        ...admission,
      },
      this.#seatEvents(),
    );
    if (this.#ended) {
      await seat.leave();
    } else {
      this.#seat = seat;
      seat.spokenName = this.#spokenName;
      this.#describeMedia();
    }
    // The phone may have gone on hold or resumed in the meantime.
    if (callState === 'answered') {
      await this.#showState();
    }
    this.stage('room');
    return seat;
  }

  #seatEvents(): SeatEvents {
    return {
      muted: (muted) => this.#attempt(() => this.#showMuted(muted, true)),
      callFailed: (callId) => this.onCallFailed(callId),
      asked: () => this.sounds.play('may-speak'),
      alone: (isAlone) => this.sounds.wait(isAlone),
      overheard: (how, isOn) => this.sounds.play(isOn ? how : `not-${how}`),
      // The PIN was given for the meeting, or nobody asked for it.
      moved: (to) => this.#attempt(() => this.moveTo(to, true)),
      ended: (reason) => void this.end(reason),
    };
  }

  /**
   * Takes over the seat of another call, which ends as transferred. The participant stays in the room, muted or not, under this call's
   * name. Ends this call if the seat is gone. The media must have been started; connect() follows.
   */
  async takeSeat(before: PhoneCall): Promise<void> {
    const seat = before.#seat && this.#host.rooms.handOver(before.#seat, this.#seatEvents());
    if (!seat) {
      await this.end('local');
      return;
    }
    before.#seat = undefined;
    this.#seat = seat;
    this.#describeMedia();
    this.#roomId = seat.roomId;
    void before.end('transferred');
    const { held, encrypted, deviceChain } = this.#appearance.show(true);
    this.#record();
    await seat.show({
      displayName: this.#parts.displayName,
      callState: held ? 'held' : 'answered',
      callEncrypted: encrypted ?? false,
      // The phone before it may have been another one.
      deviceChain: deviceChain ?? null,
    });
  }

  /**
   * Goes to another room, as it is: muted or not, on hold or not. Stays where it is if that room does not admit it.
   *
   * @throws {CanopyError} any code of RoomBridge.enter()
   */
  async moveTo(roomId: string, pinGiven: boolean): Promise<void> {
    const before = this.#seat;
    if (!before || before.roomId === roomId || this.#ended) {
      return;
    }
    const { muted, participant, isModerator } = before;
    let seat: PhoneSeat;
    try {
      const movedFrom = participant.participantId;
      seat = await this.enterRoom(roomId, 'answered', { pinGiven, isModerator, movedFrom });
    } catch (error) {
      this.#roomId = before.roomId;
      throw error;
    }
    if (this.#ended) {
      return;
    }
    if (muted) {
      await seat.setMuted(true);
    }
    await seat.connect(this.callId);
    await before.leave();
    this.sounds.play('joined');
    this.#record();
  }

  /** Connects the phone's audio to the room, both ways. */
  async connect(): Promise<void> {
    await this.#seat?.connect(this.callId);
  }

  /** Starts or changes the agreed media, and shows in the room whether the phone is on hold and its call encrypted. */
  async startMedia(): Promise<void> {
    await this.#media?.start(this.#sip?.source.address ?? '');
    // A phone on hold sends nothing, so ask it whether it is still there.
    if (!this.#ended) {
      this.#sip?.watch(this.#media?.mayBeSilent ?? false);
    }
    this.#describeMedia();
    await this.#showState();
  }

  /** Tells the seat what the phone sends. */
  #describeMedia(): void {
    const codec = this.#media?.codec ?? null;
    this.#seat?.setMedia(codec, codec === this.#processedCodec);
  }

  /** The callee forwards the call: another SIP call follows. `overTls`: whether its INVITE uses TLS. */
  forwarded({
    dialled,
    overTls,
    ...to
  }: Pick<CallParts, 'dialled' | 'remote' | 'trunk' | 'settings'> & { overTls: boolean }): void {
    Object.assign(this.#parts, to);
    this.#sip = undefined;
    this.#overTls = overTls;
    this.log.info({ trunk: to.trunk }, 'call forwarded by the callee');
    this.beginTransfer(dialled);
    this.#seat?.setCallState('dialing').catch(() => {});
  }

  /** A transfer to `target` begins: it is shown in the history. */
  beginTransfer(target: string): void {
    this.#transfer = { target: shortened(target), sipStatus: null };
    this.#record();
  }

  /** The transfer ended with this SIP status. After a success end() follows. */
  finishTransfer(sipStatus: number): void {
    if (!this.#transfer || this.#ended) {
      return;
    }
    this.#transfer = { ...this.#transfer, sipStatus };
    this.#record();
  }

  /** Marks the call as answered. Idempotent. */
  setAnswered(): void {
    if (this.#answeredAtMs !== null || this.#ended) {
      return;
    }
    this.#answeredAtMs = Date.now();
    // Only a call that the callee forwarded has a transfer before its answer.
    this.finishTransfer(200);
    this.#answeredMs = performance.now();
    this.#host.metrics.answered(this.direction, this.codec);
    this.stage('answered');
    this.#record();
  }

  /** Records in the metrics how long the call took to reach this stage. */
  stage(stage: CallStage): void {
    this.#host.metrics.stage(this.direction, stage, (performance.now() - this.#beganMs) / 1000);
  }

  /** The room's phones hear it when this call comes and goes. */
  setSpokenName(name: RecordedSound): void {
    this.#spokenName = name;
    if (this.#seat) {
      this.#seat.spokenName = name;
    }
  }

  /** The phone muted or unmuted itself by its keys. */
  toggleMute(): void {
    const seat = this.#seat;
    if (!seat) {
      return;
    }
    this.#attempt(() =>
      seat.muted ? this.#unmute(seat) : Promise.all([seat.setMuted(true), this.#showMuted(true)]),
    );
  }

  async #unmute(seat: PhoneSeat): Promise<void> {
    try {
      await seat.setMuted(false);
    } catch (error) {
      if (CanopyError.from(error).code !== 'STOPPED_BY_MODERATOR') {
        throw error;
      }
      this.sounds.play('stay-muted');
      return;
    }
    await this.#showMuted(false);
  }

  /** Mutes the leg of a phone that the room muted when it entered. */
  startMuted(): void {
    this.#attempt(() => this.#showMuted(true));
  }

  /** The phone raised or lowered its hand by its keys. */
  toggleHand(): void {
    const seat = this.#seat;
    if (!seat) {
      return;
    }
    const up = !seat.handUp;
    this.#attempt(async () => {
      await seat.setHandUp(up);
      this.sounds.play(up ? 'hand-raised' : 'hand-lowered');
    });
  }

  /** Handles an event of the call's leg. The gateway calls this. */
  receiveLegEvent(event: LegEvent): void {
    if (event.type === 'key') {
      this.#keypad[event.state === 'down' ? 'press' : 'release'](event.key, event.way, performance.now());
    } else if (event.type === 'played' && event.completed) {
      this.onPlayed();
    } else if (event.type === 'recorded') {
      this.onRecorded(event.sound);
    } else if (event.type === 'source' && !this.#mediaHeard) {
      this.#mediaHeard = true;
      this.stage('media');
    } else if (event.type === 'processed') {
      this.log.info({ reason: event.reason }, 'the phone’s sound is converted for the room from now on');
      this.#processedCodec = this.#media?.codec ?? undefined;
      this.#describeMedia();
    } else if (event.type === 'insecure') {
      this.log.warn({ reason: event.reason }, 'the phone could not be authenticated (DTLS); ending the call');
      void this.end('protocol', { reason: `DTLS: ${event.reason}` });
    } else if (event.type === 'failed') {
      this.log.error({ message: event.message }, 'media of a call failed');
      void this.end('failed');
    }
  }

  /** Updates the media metrics and ends a call whose phone has vanished. The gateway calls this every few seconds. */
  async check(): Promise<void> {
    if (!this.answered || this.#ended) {
      return;
    }
    const stats = await this.#media?.stats();
    if (!stats || this.#ended) {
      return;
    }
    const { metrics, silenceSeconds } = this.#host;
    metrics.measured(stats);
    this.#stats = stats;
    const answeredForMs = performance.now() - this.#answeredMs;
    const silentMs = Math.min(this.#media?.silentMs(stats) ?? 0, answeredForMs);
    if (silenceSeconds > 0 && silentMs > silenceSeconds * 1000) {
      this.log.info({ silentMs: Math.round(silentMs) }, 'no media from the phone; ending the call');
      await this.end('silent');
    }
  }

  /** The quality that the last check found; undefined before the phone's first packet. */
  get measured(): MeasuredCall | undefined {
    const quality = this.#stats && presentQuality(this.#stats);
    return this.#stats && quality ? { callId: this.callId, mos: this.#stats.mos, quality } : undefined;
  }

  /** Logs an error on our side and ends the call. */
  fail(error: unknown): void {
    const { code } = CanopyError.from(error);
    if (!(error instanceof CanopyError) || code === 'INTERNAL') {
      this.log.error({ err: error }, 'call failed');
    } else {
      this.log.warn({ err: error }, 'call failed');
    }
    void this.end('failed');
  }

  /**
   * Ends the call in any state. Idempotent; resolves when everything is released; never rejects. `goodbye` ends the SIP side, by default
   * with CANCEL, 480 or BYE.
   */
  end(
    cause: EndCause,
    end: Ending = {},
    goodbye: () => void | Promise<void> = () => this.#sip?.hangUp(),
  ): Promise<void> {
    if (!this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Set this first: ending the SIP side emits its `end`, which calls this method again.
      this.#ended = promise;
      void this.#end(cause, end, goodbye).then(resolve);
    }
    return this.#ended;
  }

  async #end(cause: EndCause, end: Ending, goodbye: () => void | Promise<void>): Promise<void> {
    const { metrics } = this.#host;
    // A BYE may take long to be answered; only forget() waits for it.
    const hungUp = Promise.resolve(goodbye()).catch(() => {});
    const [stats] = await Promise.all([
      this.#media?.close(),
      this.#seat?.leave(cause === 'kicked' ? 'kicked' : cause === 'lost' ? 'lost' : 'left'),
    ]);
    if (this.answered) {
      metrics.ended(this.direction, (performance.now() - this.#answeredMs) / 1000, stats);
    } else {
      metrics.failed(this.direction, cause, end.status);
    }
    this.#record({ cause, ...end, stats });
    this.log.info({ cause, ...end, ...(stats && loggedStats(stats)) }, 'call ended');
    for (const listener of this.#endListeners) {
      listener(cause, end);
    }
    await hungUp;
    this.#host.forget(this);
  }

  /** The phone offered a changed session: hold, resume, another codec or address. @throws {SdpError} the offer is unacceptable */
  #reoffered(offer: OfferRequest): void {
    const media = this.#media;
    if (!media) {
      throw new SdpError('the call has no media');
    }
    if (offer.sdp === undefined) {
      offer.accept(media.offer());
      return;
    }
    offer.accept(media.answer(offer.sdp, offer.encryptedSdp));
    this.#attempt(() => this.startMedia());
  }

  async #reanswered(sdp: string): Promise<void> {
    try {
      this.#media?.readAnswer(sdp);
    } catch (error) {
      if (!(error instanceof SdpError)) {
        throw error;
      }
      await this.end('protocol', { reason: error.message });
      return;
    }
    await this.startMedia();
  }

  async #showState(): Promise<void> {
    const changed = this.#seat && this.#appearance.change();
    if (this.#seat && changed) {
      const callState = changed.held ? 'held' : 'answered';
      await this.#seat.show({ callState, ...shownFields(changed) });
    }
  }

  async #showMuted(muted: boolean, byModerator = false): Promise<void> {
    await this.#media?.mute(muted);
    this.sounds.play(muted ? (byModerator ? 'muted-by-moderator' : 'muted') : 'unmuted');
  }

  /** Runs `work`. If it fails, the call fails too, unless it has ended. */
  #attempt(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (!this.#ended) {
        this.fail(error);
      }
    });
  }

  #sipEnded({ cause, status, reason, peerReason }: CallEnd): void {
    // Many phones hang up as soon as the transfer has begun.
    const isTransfer = cause === 'remote' && this.transferring;
    if (this.transferring && !this.answered) {
      this.finishTransfer(status ?? 0);
    }
    void this.end(isTransfer ? 'transferred' : cause, { status, reason, peerReason });
  }

  #record(end?: CallEnding): void {
    const record = callRecord(this.#parts, {
      callId: this.callId,
      phone: this.party.kind === 'user' ? this.party.username : undefined,
      roomId: this.#roomId,
      codec: this.codec,
      encryption: this.encryption,
      startedAtMs: this.#startedAtMs,
      answeredAtMs: this.#answeredAtMs,
      transfer: this.#transfer,
      end,
    });
    this.#host.record(record);
  }
}

function seatOf({ roomId, participant, muted, handUp, isModerator }: PhoneSeat): SavedSeat {
  return { roomId, participantId: participant.participantId, muted, handUp, isModerator };
}
