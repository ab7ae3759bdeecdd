/** The functions that native/*.c exports. A handle is opaque and belongs to the object that created it. */

declare const handle: unique symbol;
interface Handle<K extends string> {
  readonly [handle]: K;
}
export type OpusHandle = Handle<'opus'>;
export type G722Handle = Handle<'g722'>;
export type GsmHandle = Handle<'gsm'>;
export type SpeexHandle = Handle<'speex'>;
export type AmrWbHandle = Handle<'amrwb'>;
export type ResamplerHandle = Handle<'resampler'>;
export type DtmfHandle = Handle<'dtmf'>;

/** Absent from an add-on that was built without libgsm. */
export interface GsmBinding {
  gsmCreate(): GsmHandle;
  gsmEncode(handle: GsmHandle, samples: Int16Array, out: Uint8Array): number;
  gsmDecode(handle: GsmHandle, payload: Uint8Array, out: Int16Array): number;
  gsmReset(handle: GsmHandle): void;
  gsmClose(handle: GsmHandle): void;
}

/** Absent from an add-on that was built without libspeex. */
export interface SpeexBinding {
  speexCreate(sampleRate: number, quality: number): SpeexHandle;
  speexEncode(handle: SpeexHandle, samples: Int16Array, out: Uint8Array): number;
  speexDecode(handle: SpeexHandle, payload: Uint8Array, out: Int16Array): number;
  speexConceal(handle: SpeexHandle, out: Int16Array): number;
  speexReset(handle: SpeexHandle): void;
  speexClose(handle: SpeexHandle): void;
}

/** Absent from an add-on that was built without libopencore-amrwb and libvo-amrwbenc. */
export interface AmrWbBinding {
  amrwbCreate(): AmrWbHandle;
  amrwbEncode(handle: AmrWbHandle, samples: Int16Array, out: Uint8Array): number;
  amrwbDecode(handle: AmrWbHandle, frame: Uint8Array, out: Int16Array): number;
  amrwbReset(handle: AmrWbHandle): void;
  amrwbClose(handle: AmrWbHandle): void;
}

export interface NativeBinding extends Partial<GsmBinding>, Partial<SpeexBinding>, Partial<AmrWbBinding> {
  opusVersion: string;
  opusCreate(sampleRate: number): OpusHandle;
  opusControl(handle: OpusHandle, request: number, value: number): void;
  opusEncode(handle: OpusHandle, samples: Int16Array, out: Uint8Array): number;
  opusDecode(handle: OpusHandle, packet: Uint8Array, out: Int16Array, fec: boolean): number;
  opusConceal(handle: OpusHandle, out: Int16Array): number;
  opusReset(handle: OpusHandle): void;
  opusClose(handle: OpusHandle): void;
  g722Create(): G722Handle;
  g722Encode(handle: G722Handle, samples: Int16Array, out: Uint8Array): number;
  g722Decode(handle: G722Handle, payload: Uint8Array, out: Int16Array): number;
  g722Reset(handle: G722Handle): void;
  g722Close(handle: G722Handle): void;
  resamplerCreate(fromHz: number, toHz: number, quality: number): ResamplerHandle;
  resamplerProcess(handle: ResamplerHandle, samples: Int16Array, out: Int16Array): number;
  resamplerClose(handle: ResamplerHandle): void;
  dtmfCreate(): DtmfHandle;
  dtmfProcess(handle: DtmfHandle, samples: Int16Array, out: Uint8Array): number;
  dtmfClose(handle: DtmfHandle): void;
}

export function hasGsm(binding: NativeBinding): binding is NativeBinding & GsmBinding {
  return binding.gsmCreate !== undefined;
}

export function hasSpeex(binding: NativeBinding): binding is NativeBinding & SpeexBinding {
  return binding.speexCreate !== undefined;
}

export function hasAmrWb(binding: NativeBinding): binding is NativeBinding & AmrWbBinding {
  return binding.amrwbCreate !== undefined;
}

/** Loads the add-on from a file. @throws {Error} the file is missing or does not load on this machine */
export function loadNative(path: string): NativeBinding {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as NativeBinding;
}
