import type { OpusSettings } from '../codecs/index.ts';
import type { LegMedia } from '../media/index.ts';
import type { NegotiatedAudio, ReceiveFormat } from '../sip/index.ts';

/** Minimum Opus bitrate, in bits per second. */
const MIN_OPUS_BPS = 12_000;

/**
 * Turns negotiated audio into the media settings of a leg. `held`: no audio flows either way. `signallingAddress`: where the phone's SIP
 * comes from; its media may come from there too.
 */
export function legMedia(audio: NegotiatedAudio, held: boolean, signallingAddress: string): LegMedia {
  const { events, receiveFormats } = audio;
  // If the SDP names a host, expect media from the signalling address, on the SDP's port.
  const remote = { ...audio.remote, address: audio.remote.address || signallingAddress };
  return {
    codec: audio.codec,
    payloadType: audio.sendPayloadType,
    receiveFormats: audio.receiveFormats,
    ...(audio.codec === 'opus' && opusOf(audio.remoteFmtp)),
    ...(audio.codec.startsWith('speex/') && speexOf(audio)),
    ...(events && {
      telephoneEvent: { payloadType: events.sendPayloadType, clockRate: events.clockRate },
    }),
    // A phone that sends no events has no other way in its media.
    inBandKeys: !receiveFormats.some(({ kind }) => kind === 'telephone-event'),
    ...(receiveFormats.some(hasComfortNoise) && { comfortNoisePayloadType: 13 }),
    ptimeMs: audio.ptimeMs,
    remote: { address: remote.address, port: remote.port },
    remoteRtcp: { address: remote.address, port: remote.rtcpPort },
    rtcpMux: audio.rtcpMux,
    signallingAddress,
    ...(audio.ice && { ice: audio.ice }),
    send: !held && (audio.direction === 'sendrecv' || audio.direction === 'sendonly'),
    receive: !held,
  };
}

/** Comfort noise with payload type 13 may accompany any 8 kHz codec without being negotiated (RFC 3389 §4). */
function hasComfortNoise({ kind, clockRate }: ReceiveFormat): boolean {
  return kind !== 'telephone-event' && clockRate === 8000;
}

/** The Opus settings that the phone wants to receive (RFC 7587 §6.1). */
function opusOf(fmtp = ''): { opusSampleRate: number; opus: OpusSettings } {
  const number = (name: string) => Number(new RegExp(`(?:^|;)\\s*${name}=([0-9]{1,7})`).exec(fmtp)?.[1]);
  const rate = number('maxplaybackrate') || 48_000;
  const bitrateBps = number('maxaveragebitrate');
  return {
    opusSampleRate: rate <= 8000 ? 8000 : rate <= 16_000 ? 16_000 : 48_000,
    opus: {
      ...(/(?:^|;)\s*useinbandfec=1/.test(fmtp) && { fec: true, expectedLossPercent: 5 }),
      ...(bitrateBps >= 6000 && { bitrateBps: Math.min(Math.max(bitrateBps, MIN_OPUS_BPS), 64_000) }),
    },
  };
}

/** Quality of the Speex encoder for each narrowband mode, from 1 on. For the other rates, modes are qualities (RFC 5574 §4.1.1). */
const NARROWBAND_QUALITIES = [0, 2, 4, 6, 8, 9, 10, 1];

/** The quality of the first Speex mode that the phone wants to receive. `any`, and no mode, leave it to us. */
function speexOf({ codec, remoteFmtp = '' }: NegotiatedAudio): { speexQuality?: number } {
  const text = /(?:^|;)\s*mode="?([0-9]{1,2})(?![0-9])/.exec(remoteFmtp)?.[1];
  const mode = Number(text ?? Number.NaN);
  const quality = codec === 'speex/8000' ? NARROWBAND_QUALITIES[mode - 1] : mode <= 10 ? mode : undefined;
  return quality === undefined ? {} : { speexQuality: quality };
}
