import { RtpPacket, rtpExtensionUriToType } from 'rtp.js/packets';

const AUDIO_LEVEL = rtpExtensionUriToType('urn:ietf:params:rtp-hdrext:ssrc-audio-level');

export interface SendStreamOptions {
  ssrc: number;
  payloadType: number;
  /** Random starts (RFC 3550 §5.1). */
  firstSequenceNumber: number;
  firstTimestamp: number;
  /** Id of the header extension for audio levels (RFC 6464), when packets shall carry them. */
  audioLevelExtensionId?: number;
}

export interface AudioLevel {
  /** Loudness below overload, in −dBov: 0 is the loudest, 127 silence. */
  levelDbov: number;
  voice: boolean;
}

/** One RTP stream that is sent: numbering, timestamps, counters. Time passes by advance(), whether packets are sent or not. */
export class SendStream {
  readonly ssrc: number;
  packets = 0;
  payloadBytes = 0;
  /** RTP timestamp of the next sample, 32 bits. */
  timestamp: number;
  readonly #packet = new RtpPacket();
  readonly #withLevel: boolean;
  #sequenceNumber: number;
  #payloadType: number;
  #talkspurt = true;

  constructor(options: SendStreamOptions) {
    this.ssrc = options.ssrc;
    this.timestamp = options.firstTimestamp >>> 0;
    this.#sequenceNumber = options.firstSequenceNumber & 0xffff;
    this.#payloadType = options.payloadType;
    this.#packet.setSsrc(options.ssrc);
    this.#withLevel = options.audioLevelExtensionId !== undefined && AUDIO_LEVEL !== undefined;
    if (this.#withLevel && AUDIO_LEVEL !== undefined) {
      this.#packet.enableOneByteExtensions();
      this.#packet.setExtensionMapping({ [AUDIO_LEVEL]: options.audioLevelExtensionId });
    }
  }

  set payloadType(payloadType: number) {
    this.#payloadType = payloadType;
  }

  /** Makes the next packet, at the stream's timestamp. Its marker is set after a pause (RFC 3551 §4.1). */
  packet(payload: Uint8Array, level?: AudioLevel): Uint8Array {
    const marker = this.#talkspurt;
    this.#talkspurt = false;
    return this.#serialize(payload, this.#payloadType, this.timestamp, marker, level);
  }

  /** Makes a packet of another payload type in the same numbering, as for telephone-event (RFC 4733 §2.2). */
  eventPacket(payload: Uint8Array, payloadType: number, timestamp: number, marker: boolean): Uint8Array {
    this.#talkspurt = true;
    return this.#serialize(payload, payloadType, timestamp, marker);
  }

  /** Lets time pass, in ticks of the RTP clock. */
  advance(ticks: number): void {
    this.timestamp = (this.timestamp + ticks) >>> 0;
  }

  /** Time passes without a packet: the next one begins a talkspurt. */
  pause(ticks: number): void {
    this.#talkspurt = true;
    this.advance(ticks);
  }

  #serialize(
    payload: Uint8Array,
    payloadType: number,
    timestamp: number,
    marker: boolean,
    level?: AudioLevel,
  ) {
    const packet = this.#packet;
    packet.setPayloadType(payloadType);
    packet.setSequenceNumber(this.#sequenceNumber);
    packet.setTimestamp(timestamp);
    packet.setMarker(marker);
    if (this.#withLevel && level) {
      packet.setSsrcAudioLevelExtension({ volume: level.levelDbov, voice: level.voice });
    }
    packet.setPayload(new DataView(payload.buffer, payload.byteOffset, payload.byteLength));
    const bytes = new ArrayBuffer(packet.getByteLength());
    packet.serialize(bytes);
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    this.packets++;
    this.payloadBytes += payload.length;
    return new Uint8Array(bytes);
  }
}
