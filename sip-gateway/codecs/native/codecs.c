#include "codecs.h"

#include <stdlib.h>

void *open_codec(napi_env env, napi_value value, const napi_type_tag *tag) {
  Codec *codec = argument_handle(env, value, tag);
  if (codec && codec->closed) {
    fail(env, "the codec is closed");
    return NULL;
  }
  return codec;
}

void *only_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag) {
  napi_value values[1];
  return arguments(env, info, 1, values) ? open_codec(env, values[0], tag) : NULL;
}

void *encode_arguments(napi_env env, napi_callback_info info, const napi_type_tag *tag, Samples *samples, Bytes *out) {
  napi_value values[3];
  if (!arguments(env, info, 3, values)) return NULL;
  void *codec = open_codec(env, values[0], tag);
  if (!codec || !argument_samples(env, values[1], "samples", &samples->data, &samples->count) ||
      !argument_bytes(env, values[2], "out", &out->data, &out->count)) {
    return NULL;
  }
  return codec;
}

void *decode_arguments(napi_env env, napi_callback_info info, const napi_type_tag *tag, Bytes *payload, Samples *out) {
  napi_value values[3];
  if (!arguments(env, info, 3, values)) return NULL;
  void *codec = open_codec(env, values[0], tag);
  if (!codec || !argument_bytes(env, values[1], "payload", &payload->data, &payload->count) ||
      !argument_samples(env, values[2], "out", &out->data, &out->count)) {
    return NULL;
  }
  return codec;
}

void finalize_codec(napi_env env, void *codec, void *hint) {
  (void)env, (void)hint;
  ((Codec *)codec)->release(codec);
  free(codec);
}

napi_value release_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag) {
  Codec *codec = only_codec(env, info, tag);
  if (!codec) return NULL;
  codec->release(codec);
  return nothing(env);
}

napi_value close_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Codec *codec = argument_handle(env, values[0], tag);
  if (!codec) return NULL;
  codec->release(codec);
  codec->closed = true;
  return nothing(env);
}

NAPI_MODULE_INIT() {
  export_opus(env, exports);
  export_g722(env, exports);
  export_amrwb(env, exports);
  export_gsm(env, exports);
  export_speex(env, exports);
  export_resampler(env, exports);
  export_dtmf(env, exports);
  return exports;
}
