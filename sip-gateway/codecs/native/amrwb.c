/*
 * AMR-WB over libvo-amrwbenc and libopencore-amrwb: frames of 320 samples, as in a file (RFC 4867 §5.3): an octet with the type, then the
 * bits, padded to an octet. Encoder and decoder are made when first used.
 */
#include "codecs.h"

#ifdef CANOPY_AMRWB

#include <opencore-amrwb/dec_if.h>
#include <stdlib.h>
#include <string.h>
#include <vo-amrwbenc/enc_if.h>

#define FRAME_SAMPLES 320
#define MAX_MODE 8
#define SID 9
#define NO_DATA 15
/* Octet of the type, and 477 bits. */
#define MAX_FRAME_BYTES 61

/* Octets of a frame, with that of the type. */
static const size_t FRAME_BYTES[] = {18, 24, 33, 37, 41, 47, 51, 59, 61, 6};

typedef struct {
  Codec codec;
  void *encoder;
  void *decoder;
} AmrWb;

static const napi_type_tag TAG = {0x5c1d90be72a84e37, 0x9f24c8e1b06d7a53};

static void release(void *codec) {
  AmrWb *state = codec;
  if (state->encoder) E_IF_exit(state->encoder);
  if (state->decoder) D_IF_exit(state->decoder);
  state->encoder = NULL;
  state->decoder = NULL;
}

/* amrwbCreate() → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  AmrWb *state = calloc(1, sizeof *state);
  if (!state) return fail(env, "out of memory");
  state->codec.release = release;
  return make_handle(env, state, finalize_codec, &TAG);
}

/* amrwbEncode(handle, samples, out): `out` begins with the type of the frame, its mode → bytes written */
static napi_value encode(napi_env env, napi_callback_info info) {
  Samples samples;
  Bytes out;
  AmrWb *state = encode_arguments(env, info, &TAG, &samples, &out);
  if (!state) return NULL;
  if (samples.count != FRAME_SAMPLES) return fail(env, "%zu samples are not %d", samples.count, FRAME_SAMPLES);
  if (out.count < MAX_FRAME_BYTES) return fail(env, "the output needs room for %d bytes", MAX_FRAME_BYTES);
  int mode = out.data[0] >> 3 & 15;
  if (mode > MAX_MODE) return fail(env, "AMR-WB has no mode %d", mode);
  if (!state->encoder && !(state->encoder = E_IF_init())) return fail(env, "out of memory");
  int written = E_IF_encode(state->encoder, mode, samples.data, out.data, 0);
  if (written <= 0) return fail(env, "AMR-WB encoding failed");
  return number(env, (size_t)written);
}

/* amrwbDecode(handle, frame, out) → samples written */
static napi_value decode(napi_env env, napi_callback_info info) {
  Bytes frame;
  Samples out;
  AmrWb *state = decode_arguments(env, info, &TAG, &frame, &out);
  if (!state) return NULL;
  int type = frame.count > 0 ? frame.data[0] >> 3 & 15 : -1;
  bool is_lost = type == NO_DATA && frame.count == 1;
  /* The decoder does not check it. */
  if (!is_lost && (type < 0 || type > SID || frame.count != FRAME_BYTES[type])) {
    return fail(env, "not a frame of AMR-WB");
  }
  if (out.count < FRAME_SAMPLES) return fail(env, "the output needs room for %d samples", FRAME_SAMPLES);
  if (!state->decoder && !(state->decoder = D_IF_init())) return fail(env, "out of memory");
  /* It may read beyond a short frame. */
  uint8_t padded[MAX_FRAME_BYTES + 3] = {0};
  memcpy(padded, frame.data, frame.count);
  D_IF_decode(state->decoder, padded, out.data, is_lost);
  return number(env, FRAME_SAMPLES);
}

/* amrwbReset(handle): both directions start afresh. */
static napi_value reset(napi_env env, napi_callback_info info) {
  return release_codec(env, info, &TAG);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  return close_codec(env, info, &TAG);
}

void export_amrwb(napi_env env, napi_value exports) {
  export_function(env, exports, "amrwbCreate", create);
  export_function(env, exports, "amrwbEncode", encode);
  export_function(env, exports, "amrwbDecode", decode);
  export_function(env, exports, "amrwbReset", reset);
  export_function(env, exports, "amrwbClose", close_handle);
}

#else

void export_amrwb(napi_env env, napi_value exports) { (void)env, (void)exports; }

#endif
