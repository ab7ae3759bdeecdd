/* GSM 06.10 full rate over libgsm: frames of 160 samples and 33 bytes. Encoder and decoder are made when first used. */
#include "codecs.h"

#ifdef CANOPY_GSM

#include <gsm/gsm.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_SAMPLES 160
#define FRAME_BYTES 33
/* 120 ms */
#define MAX_FRAMES 6

typedef struct {
  Codec codec;
  gsm encoder;
  gsm decoder;
} Gsm;

static const napi_type_tag TAG = {0x3e90b7d2c8514fa6, 0xb86d05ef71a3429c};

static void release(void *codec) {
  Gsm *state = codec;
  if (state->encoder) gsm_destroy(state->encoder);
  if (state->decoder) gsm_destroy(state->decoder);
  state->encoder = NULL;
  state->decoder = NULL;
}

static bool need(napi_env env, gsm *direction) {
  if (!*direction) *direction = gsm_create();
  if (*direction) return true;
  fail(env, "out of memory");
  return false;
}

/* gsmCreate() → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  Gsm *state = calloc(1, sizeof *state);
  if (!state) return fail(env, "out of memory");
  state->codec.release = release;
  return make_handle(env, state, finalize_codec, &TAG);
}

/* gsmEncode(handle, samples, out) → bytes written */
static napi_value encode(napi_env env, napi_callback_info info) {
  Samples samples;
  Bytes out;
  Gsm *state = encode_arguments(env, info, &TAG, &samples, &out);
  if (!state) return NULL;
  size_t frames = samples.count / FRAME_SAMPLES;
  if (frames == 0 || frames > MAX_FRAMES || samples.count % FRAME_SAMPLES != 0) {
    return fail(env, "%zu samples are not 1 to %d frames of %d", samples.count, MAX_FRAMES, FRAME_SAMPLES);
  }
  if (out.count < frames * FRAME_BYTES) return fail(env, "the output needs room for %zu bytes", frames * FRAME_BYTES);
  if (!need(env, &state->encoder)) return NULL;
  for (size_t i = 0; i < frames; i++) {
    gsm_signal frame[FRAME_SAMPLES];
    memcpy(frame, samples.data + i * FRAME_SAMPLES, sizeof frame);
    gsm_encode(state->encoder, frame, out.data + i * FRAME_BYTES);
  }
  return number(env, frames * FRAME_BYTES);
}

/* gsmDecode(handle, payload, out) → samples written */
static napi_value decode(napi_env env, napi_callback_info info) {
  Bytes payload;
  Samples out;
  Gsm *state = decode_arguments(env, info, &TAG, &payload, &out);
  if (!state) return NULL;
  size_t frames = payload.count / FRAME_BYTES;
  if (frames == 0 || frames > MAX_FRAMES || payload.count % FRAME_BYTES != 0) {
    return fail(env, "a GSM payload has 1 to %d frames of %d bytes, not %zu bytes", MAX_FRAMES, FRAME_BYTES, payload.count);
  }
  /* Checked before anything is decoded, so that a malformed payload leaves the decoder as it was. */
  for (size_t i = 0; i < frames; i++) {
    if (payload.data[i * FRAME_BYTES] >> 4 != GSM_MAGIC) return fail(env, "frame %zu has no GSM signature", i);
  }
  if (out.count < frames * FRAME_SAMPLES) {
    return fail(env, "the output needs room for %zu samples", frames * FRAME_SAMPLES);
  }
  if (!need(env, &state->decoder)) return NULL;
  for (size_t i = 0; i < frames; i++) {
    gsm_decode(state->decoder, payload.data + i * FRAME_BYTES, out.data + i * FRAME_SAMPLES);
  }
  return number(env, frames * FRAME_SAMPLES);
}

/* gsmReset(handle): both directions start afresh. */
static napi_value reset(napi_env env, napi_callback_info info) {
  return release_codec(env, info, &TAG);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  return close_codec(env, info, &TAG);
}

void export_gsm(napi_env env, napi_value exports) {
  export_function(env, exports, "gsmCreate", create);
  export_function(env, exports, "gsmEncode", encode);
  export_function(env, exports, "gsmDecode", decode);
  export_function(env, exports, "gsmReset", reset);
  export_function(env, exports, "gsmClose", close_handle);
}

#else

void export_gsm(napi_env env, napi_value exports) { (void)env, (void)exports; }

#endif
