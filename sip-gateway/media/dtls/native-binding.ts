import { constants } from 'node:os';

/** The functions that native/module.c exports. */
export interface NativeBinding {
  version: string;
  /** Our certificate's, as in an a=fingerprint line. */
  fingerprint: string;
  /** Our private key and certificate, DER. */
  identity(): Uint8Array[];
  /** Uses these. Returns the fingerprint. @throws {RangeError} they do not match */
  resume(key: Uint8Array, certificate: Uint8Array): string;
  /** Returns the association's id, which is valid in all threads of the process. @throws {RangeError} wrong digests, or no association left */
  open(active: boolean, hash: number, digests: Uint8Array, profiles: Uint8Array): number;
  /** Handles a datagram; an empty one begins the handshake, or repeats a flight that is due. Returns the state: see DtlsState. */
  receive(association: number, datagram: Uint8Array): number;
  /** The length of the next datagram to send, which is written to `out`; 0: none. */
  take(association: number, out: Uint8Array): number;
  /** Writes the exported keying material to `out`, and returns the id of the SRTP profile; 0: not connected. */
  keys(association: number, out: Uint8Array): number;
  /** Remembers the SRTP contexts made from the keys. Before the handshake: those of an earlier process, and there will be none. Returns whether the association is open. */
  attach(association: number, send: number, receive: number): boolean;
  /** These contexts, or an empty list. */
  contexts(association: number): number[];
  /** Why it failed. */
  reason(association: number): string;
  /** Returns its contexts, which the caller closes. Idempotent. */
  close(association: number): number[];
}

/**
 * Loads the add-on from a file. Node contains another OpenSSL under the same names, so the add-on must look up its own first.
 *
 * @throws {Error} the file is missing or does not load on this machine
 */
export function loadNative(path: string): NativeBinding {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_DEEPBIND);
  return module.exports as NativeBinding;
}
