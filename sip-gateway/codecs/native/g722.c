/* G.722 at 64 kbit/s over libspandsp: samples at 16 kHz, two of them a byte. */
#include "codecs.h"

#include <spandsp/telephony.h>
#include <spandsp/g722.h>
#include <stdlib.h>

#define RATE_BPS 64000
#define MAX_BYTES 4096

typedef struct {
  Codec codec;
  g722_encode_state_t *encoder;
  g722_decode_state_t *decoder;
} G722;

static const napi_type_tag TAG = {0x2f5c6be0914d4d0a, 0xa4e13d7728c09b5f};

static void release(void *codec) {
  G722 *g722 = codec;
  if (g722->encoder) g722_encode_free(g722->encoder);
  if (g722->decoder) g722_decode_free(g722->decoder);
  g722->encoder = NULL;
  g722->decoder = NULL;
}

/* g722Create() → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  G722 *g722 = calloc(1, sizeof *g722);
  if (!g722) return fail(env, "out of memory");
  g722->codec.release = release;
  g722->encoder = g722_encode_init(NULL, RATE_BPS, 0);
  g722->decoder = g722_decode_init(NULL, RATE_BPS, 0);
  if (!g722->encoder || !g722->decoder) {
    finalize_codec(env, g722, NULL);
    return fail(env, "out of memory");
  }
  return make_handle(env, g722, finalize_codec, &TAG);
}

/* g722Encode(handle, samples, out) → bytes written */
static napi_value encode(napi_env env, napi_callback_info info) {
  Samples samples;
  Bytes out;
  G722 *g722 = encode_arguments(env, info, &TAG, &samples, &out);
  if (!g722) return NULL;
  if (samples.count == 0 || samples.count % 2 != 0 || samples.count > 2 * MAX_BYTES) {
    return fail(env, "%zu samples are no even number from 2 to %d", samples.count, 2 * MAX_BYTES);
  }
  if (out.count < samples.count / 2) return fail(env, "the output needs room for %zu bytes", samples.count / 2);
  return number(env, g722_encode(g722->encoder, out.data, samples.data, (int)samples.count));
}

/* g722Decode(handle, payload, out) → samples written */
static napi_value decode(napi_env env, napi_callback_info info) {
  Bytes payload;
  Samples out;
  G722 *g722 = decode_arguments(env, info, &TAG, &payload, &out);
  if (!g722) return NULL;
  if (payload.count == 0 || payload.count > MAX_BYTES) return fail(env, "a G.722 payload has 1 to %d bytes, not %zu", MAX_BYTES, payload.count);
  if (out.count < 2 * payload.count) return fail(env, "the output needs room for %zu samples", 2 * payload.count);
  return number(env, g722_decode(g722->decoder, out.data, payload.data, (int)payload.count));
}

/* g722Reset(handle): both directions start anew. */
static napi_value reset(napi_env env, napi_callback_info info) {
  G722 *g722 = only_codec(env, info, &TAG);
  if (!g722) return NULL;
  g722_encode_init(g722->encoder, RATE_BPS, 0);
  g722_decode_init(g722->decoder, RATE_BPS, 0);
  return nothing(env);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  return close_codec(env, info, &TAG);
}

void export_g722(napi_env env, napi_value exports) {
  export_function(env, exports, "g722Create", create);
  export_function(env, exports, "g722Encode", encode);
  export_function(env, exports, "g722Decode", decode);
  export_function(env, exports, "g722Reset", reset);
  export_function(env, exports, "g722Close", close_handle);
}
