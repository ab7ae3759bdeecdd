import type { AmrWbSettings, OpusSettings } from '../codecs/index.ts';
import type { LegMedia } from '../media/index.ts';
import type { NegotiatedAudio, ReceiveFormat } from '../sip/index.ts';

const STATIC_NOISE = { payloadType: 13, clockRate: 8000 };
/** Minimum Opus bitrate, in bits per second. */
const MIN_OPUS_BPS = 12_000;

/**
 * Turns negotiated audio into the media settings of a leg. `held`: no audio flows either way. `signallingAddress`: where the phone's SIP
 * comes from; its media may come from there too.
 */
export function legMedia(audio: NegotiatedAudio, held: boolean, signallingAddress: string): LegMedia {
  const { events, receiveFormats } = audio;
  const comfortNoise = audio.comfortNoise ?? (receiveFormats.some(hasStaticNoise) ? STATIC_NOISE : undefined);
  // If the SDP names a host, expect media from the signalling address, on the SDP's port.
  const remote = { ...audio.remote, address: audio.remote.address || signallingAddress };
  return {
    codec: audio.codec,
    payloadType: audio.sendPayloadType,
    receiveFormats: audio.receiveFormats,
    ...(audio.codec === 'opus' && opusOf(audio.remoteFmtp)),
    ...(audio.codec.startsWith('speex/') && speexOf(audio)),
    ...(audio.codec.startsWith('AMR-WB') && { amr: amrOf(audio.remoteFmtp) }),
    ...(events && {
      telephoneEvent: { payloadType: events.sendPayloadType, clockRate: events.clockRate },
    }),
    // A phone that sends no events has no other way in its media.
    inBandKeys: !receiveFormats.some(({ kind }) => kind === 'telephone-event'),
    ...(comfortNoise && { comfortNoise }),
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
function hasStaticNoise({ kind, clockRate }: ReceiveFormat): boolean {
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

/** How the phone wants AMR-WB to be sent (RFC 4867 §8.2). */
function amrOf(fmtp = ''): AmrWbSettings {
  const parameter = (name: string) => new RegExp(`(?:^|[;\\s])${name}=([0-9,]{1,32})`).exec(fmtp)?.[1];
  const modes = parameter('mode-set')
    ?.split(',')
    .map(Number)
    .filter((mode) => mode <= 8);
  return {
    ...(modes && modes.length > 0 && { modes }),
    ...(parameter('mode-change-period') === '2' && { changePeriod: 2 }),
    ...(parameter('mode-change-neighbor') === '1' && { toNeighbours: true }),
  };
}
