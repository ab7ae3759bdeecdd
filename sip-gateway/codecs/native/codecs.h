#ifndef CANOPY_CODECS_H
#define CANOPY_CODECS_H

#include "binding.h"

/* What every codec's state begins with; create() sets it. */
typedef struct {
  /* Frees encoder and decoder, if there are any, and forgets them. */
  void (*release)(void *codec);
  bool closed;
} Codec;

typedef struct {
  int16_t *data;
  size_t count;
} Samples;

typedef struct {
  uint8_t *data;
  size_t count;
} Bytes;

/* The codec of `value`, of the kind that `tag` names; NULL, with an error, if it is another kind or closed. */
void *open_codec(napi_env env, napi_value value, const napi_type_tag *tag);
/* The same for a function with that one argument. */
void *only_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag);
/* The codec and the buffers of encode(handle, samples, out), and of decode(handle, payload, out). */
void *encode_arguments(napi_env env, napi_callback_info info, const napi_type_tag *tag, Samples *samples, Bytes *out);
void *decode_arguments(napi_env env, napi_callback_info info, const napi_type_tag *tag, Bytes *payload, Samples *out);

/* The finalizer of a codec that owns nothing but encoder and decoder. */
void finalize_codec(napi_env env, void *codec, void *hint);
/* reset(handle) of a codec whose encoder and decoder are made when first used: both directions start afresh. */
napi_value release_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag);
/* close(handle), any number of times. */
napi_value close_codec(napi_env env, napi_callback_info info, const napi_type_tag *tag);

void export_opus(napi_env env, napi_value exports);
void export_g722(napi_env env, napi_value exports);
/* These export nothing in a build without their libraries. */
void export_amrwb(napi_env env, napi_value exports);
void export_gsm(napi_env env, napi_value exports);
void export_speex(napi_env env, napi_value exports);
void export_resampler(napi_env env, napi_value exports);
void export_dtmf(napi_env env, napi_value exports);

#endif
