/**
 * RTP parameters of what a client sends. The server validates messages with this schema, and the media plane everything that reaches a
 * worker. mediasoup and its worker accept what passes (if the room has the codec); what they would refuse or crash on is refused here.
 */
import { z } from 'zod';
import {
  codecDetails,
  codecParameters,
  headerExtensionId,
  headerExtensionUri,
  type MediaKind,
  payloadType,
} from './rtp-codecs.ts';

const ssrc = z.int().min(1).max(0xffff_ffff);

const codec = z.object({ ...codecDetails, payloadType });
type Codec = z.infer<typeof codec>;

const headerExtension = z.object({
  uri: headerExtensionUri,
  id: headerExtensionId,
  encrypt: z.boolean().optional(),
  parameters: codecParameters.optional(),
});

const encoding = z.object({
  ssrc: ssrc.optional(),
  /** RFC 8851 §10; at most what a one-byte header extension can hold. */
  rid: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,16}$/)
    .optional(),
  codecPayloadType: payloadType.optional(),
  rtx: z.object({ ssrc }).optional(),
  dtx: z.boolean().optional(),
  /** Such as `L3T3`, `S2T1`, `L1T2_KEY`: at most 3 spatial and 3 temporal layers (webrtc-svc). */
  scalabilityMode: z
    .string()
    .regex(/^[LS][1-3]T[1-3](h|_KEY|_KEY_SHIFT)?$/)
    .optional(),
  maxBitrate: z.int().min(1).max(1_000_000_000).optional(),
  // Not sent to the worker: used to determine the resolution.
  scaleResolutionDownBy: z.number().min(1).max(64).optional(),
  maxFramerate: z.number().min(0).max(240).optional(),
});

const isRepair = ({ mimeType }: Codec): boolean => /\/(rtx|ulpfec|flexfec|x-ulpfecuc|red)$/i.test(mimeType);

/** `token` of RFC 8866. */
const TOKEN = "[!#$%&'*+.^_`{|}~0-9A-Za-z-]";

export const rtpSendParameters = z
  .object({
    /** A token (RFC 5888); at most what a one-byte header extension can hold (RFC 9143 §15). */
    mid: z
      .string()
      .regex(new RegExp(`^${TOKEN}{1,16}$`))
      .optional(),
    /** The ids of a stream and its track (RFC 8830). Receivers get it in their SDP. */
    msid: z
      .string()
      .regex(new RegExp(`^${TOKEN}{1,64}( ${TOKEN}{1,64})?$`))
      .optional(),
    /** All of the producer's kind, each with its own payload type. The `apt` of an RTX codec names one of the others. */
    codecs: z
      .array(codec)
      .min(1)
      .max(16)
      .refine((codecs) => unique(codecs.map((one) => one.payloadType)), 'duplicate payload type')
      .refine(
        (codecs) => codecs.filter(isRtx).every((rtx) => isRepaired(rtx, codecs)),
        'apt of an RTX codec names no media codec',
      ),
    /** Each with its own id and URI. */
    headerExtensions: z
      .array(headerExtension)
      .max(16)
      .refine((extensions) => unique(extensions.map(({ id }) => id)), 'duplicate id')
      .refine((extensions) => unique(extensions.map(({ uri }) => uri)), 'duplicate uri')
      .optional(),
    /**
     * Each with its own SSRCs and RID, and all with the same scalability mode. Several encodings are possible only with VP8 and H.264; each
     * needs a RID or an SSRC, and has one spatial layer. A single encoding needs a RID, an SSRC or the `mid`. Audio has one, without
     * layers.
     */
    encodings: z
      .array(encoding)
      .min(1)
      .max(4)
      .refine((all) => unique(all.flatMap((one) => [one.ssrc, one.rtx?.ssrc])), 'duplicate ssrc')
      .refine((all) => unique(all.map(({ rid }) => rid)), 'duplicate rid')
      // The worker assumes that all have the layers of the first.
      .refine(
        (all) => new Set(all.map((one) => one.scalabilityMode)).size === 1,
        'different scalability modes',
      )
      .refine(
        (all) => all.length === 1 || all.every((one) => one.ssrc !== undefined || one.rid !== undefined),
        'each of several encodings needs an ssrc or a rid',
      )
      .refine(
        ([first, ...others]) => others.length === 0 || !/^[LS][23]/.test(first?.scalabilityMode ?? ''),
        'spatial layers with several encodings',
      ),
    rtcp: z
      .object({
        cname: z.string().max(255).optional(),
        reducedSize: z.boolean().optional(),
        mux: z.boolean().optional(),
      })
      .optional(),
  })
  .superRefine(({ mid, codecs, encodings }, context) => {
    const addIssue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message, input: undefined });
    const media = codecs.filter((one) => !isRepair(one));
    const [first] = encodings;
    if (media.length === 0) {
      addIssue('codecs', 'no media codec');
    }
    if (first && mid === undefined && first.ssrc === undefined && first.rid === undefined) {
      addIssue('encodings', 'needs an ssrc, a rid or the mid');
    }
    for (const { codecPayloadType: used } of encodings) {
      if (used !== undefined && !media.some((one) => one.payloadType === used)) {
        addIssue('encodings', 'codecPayloadType names no media codec');
      }
    }
    // mediasoup treats payload type 0 as none.
    const used = media.find((one) => one.payloadType === (first?.codecPayloadType || undefined)) ?? media[0];
    if (encodings.length > 1 && used && !/\/(vp8|h264)$/i.test(used.mimeType)) {
      addIssue('encodings', 'several encodings require VP8 or H.264');
    }
    if (/^audio/i.test(used?.mimeType ?? '') && !/^$|^[LS]1T1/.test(first?.scalabilityMode ?? '')) {
      addIssue('encodings', 'audio with layers');
    }
  });
export type RtpSendParameters = z.infer<typeof rtpSendParameters>;

/** Whether all codecs are of this kind, as mediasoup requires of a producer. */
export function codecsAreOf(kind: MediaKind, { codecs }: Pick<RtpSendParameters, 'codecs'>): boolean {
  return codecs.every(({ mimeType }) => mimeType.toLowerCase().startsWith(`${kind}/`));
}

function isRtx({ mimeType }: Codec): boolean {
  return /\/rtx$/i.test(mimeType);
}

function isRepaired(rtx: Codec, codecs: readonly Codec[]): boolean {
  const apt = rtx.parameters?.apt;
  return codecs.some((one) => one.payloadType === apt && !isRepair(one));
}

function unique(values: ReadonlyArray<string | number | undefined>): boolean {
  const given = values.filter((value) => value !== undefined);
  return new Set(given).size === given.length;
}
