/**
 * Transforms payloads between the phones and a room, e.g. for end-to-end encryption. A payload is one packet and one Opus frame. Packets
 * may be lost or reordered, so each must be transformed by itself. Both functions run in the media thread, for every packet.
 */
export interface PayloadTransform {
  /** Transforms a phone's frame before it goes into the room. Null: it is not sent. If it throws, that phone's call ends. */
  send?(payload: Uint8Array, ssrc: number): Uint8Array | null;
  /** Restores a frame from somebody in the room. Null, or throwing: it is dropped and counts as rejected. */
  receive?(payload: Uint8Array, ssrc: number): Uint8Array | null;
}

/** Names a transform, as plain data: functions cannot be sent to a media thread. */
export interface PayloadTransformModule {
  /** URL of a module whose default export makes a PayloadTransform from the options. */
  url: string;
  /** Anything that can be cloned between threads. */
  options?: unknown;
}

/** Loads a transform's module and makes the transform. */
export async function loadPayloadTransform({
  url,
  options,
}: PayloadTransformModule): Promise<PayloadTransform> {
  const { default: make } = (await import(url)) as { default(options: unknown): PayloadTransform };
  return make(options);
}
