/** The functions that native/module.c exports. */
export interface NativeBinding {
  version: string;
  /** The suites by index; null for those that this libsrtp lacks. */
  suites: Array<string | null>;
  /** Returns the context's id, which is valid in all threads of the process. @throws {RangeError} a wrong key, or no context left */
  open(suite: number, sending: boolean, key: Uint8Array, mki: Uint8Array, window: number): number;
  /** Protects or unprotects `packet` into `out`. Returns the length of the result, or a negative reason. */
  transform(context: number, packet: Uint8Array, out: Uint8Array, rtcp: boolean): number;
  /** The number of RTCP packets sent, then each stream's SSRC and rollover counter. */
  state(context: number): number[];
  /** The next packet of a stream, of which there has been one, has this rollover counter. Returns whether there is such a stream. */
  advance(context: number, ssrc: number, roc: number): boolean;
  /** Idempotent. */
  close(context: number): void;
}

/** Loads the add-on from a file. @throws {Error} the file is missing or does not load on this machine */
export function loadNative(path: string): NativeBinding {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as NativeBinding;
}
