/**
 * Transforms payloads between the phones and a room, e.g. for end-to-end encryption. A payload is one packet and one Opus frame. Packets
 * may be lost or reordered, so each must be transformed independently. Both functions run in the media thread, for every packet.
 */
export interface PayloadTransform {
  /** Transforms a phone's frame before it is sent to the room. Null: it is not sent. If this throws, that phone's call ends. */
  send?(payload: Uint8Array, ssrc: number): Uint8Array | null;
  /** Restores a frame from a speaker in the room. If this returns null or throws, the frame is dropped and counts as rejected. */
  receive?(payload: Uint8Array, ssrc: number): Uint8Array | null;
}

/** Identifies a transform by its module, since functions cannot be posted to a media thread. */
export interface PayloadTransformModule {
  /** URL of a module whose default export creates a PayloadTransform from the options. */
  url: string;
  /** Anything that can be posted to a thread (structured clone). */
  options?: unknown;
}

/** Loads a transform's module and creates the transform. */
export async function loadPayloadTransform({
  url,
  options,
}: PayloadTransformModule): Promise<PayloadTransform> {
  const { default: create } = (await import(url)) as { default(options: unknown): PayloadTransform };
  return create(options);
}
