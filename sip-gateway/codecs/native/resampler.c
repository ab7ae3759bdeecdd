/* Sample rate conversion over libspeexdsp, mono; its filter state runs on across calls. */
#include "codecs.h"

#include <speex/speex_resampler.h>
#include <stdlib.h>

#define MAX_SAMPLES 48000

typedef struct {
  SpeexResamplerState *state;
  uint32_t from;
  uint32_t to;
} Resampler;

static const napi_type_tag TAG = {0x61d7c3a90be84f22, 0xbd5503f12e6a7c94};

static void close_state(Resampler *resampler) {
  if (resampler->state) speex_resampler_destroy(resampler->state);
  resampler->state = NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_state(data);
  free(data);
}

/* resamplerCreate(fromHz, toHz, quality 0..10) → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int32_t from, to, quality;
  if (!arguments(env, info, 3, values) || !argument_integer(env, values[0], "fromHz", 8000, 48000, &from) ||
      !argument_integer(env, values[1], "toHz", 8000, 48000, &to) ||
      !argument_integer(env, values[2], "quality", 0, 10, &quality)) {
    return NULL;
  }
  Resampler *resampler = calloc(1, sizeof *resampler);
  if (!resampler) return fail(env, "out of memory");
  int error = 0;
  resampler->from = (uint32_t)from;
  resampler->to = (uint32_t)to;
  resampler->state = speex_resampler_init(1, resampler->from, resampler->to, quality, &error);
  if (!resampler->state) {
    free(resampler);
    return fail(env, "no resampler: %s", speex_resampler_strerror(error));
  }
  return make_handle(env, resampler, finalize, &TAG);
}

/* resamplerProcess(handle, samples, out) → samples written; takes all of the input. */
static napi_value process(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int16_t *samples, *out;
  size_t count, capacity;
  if (!arguments(env, info, 3, values)) return NULL;
  Resampler *resampler = argument_handle(env, values[0], &TAG);
  if (!resampler) return NULL;
  if (!resampler->state) return fail(env, "the resampler is closed");
  if (!argument_samples(env, values[1], "samples", &samples, &count) ||
      !argument_samples(env, values[2], "out", &out, &capacity)) {
    return NULL;
  }
  if (count == 0 || count > MAX_SAMPLES) return fail(env, "%zu samples are not 1 to %d", count, MAX_SAMPLES);
  size_t needed = count * resampler->to / resampler->from + 2;
  if (capacity < needed) return fail(env, "the output needs room for %zu samples", needed);
  spx_uint32_t taken = (spx_uint32_t)count, made = (spx_uint32_t)capacity;
  int error = speex_resampler_process_int(resampler->state, 0, samples, &taken, out, &made);
  if (error != RESAMPLER_ERR_SUCCESS) return fail(env, "not resampled: %s", speex_resampler_strerror(error));
  return number(env, made);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Resampler *resampler = argument_handle(env, values[0], &TAG);
  if (!resampler) return NULL;
  close_state(resampler);
  return nothing(env);
}

void export_resampler(napi_env env, napi_value exports) {
  export_function(env, exports, "resamplerCreate", create);
  export_function(env, exports, "resamplerProcess", process);
  export_function(env, exports, "resamplerClose", close_handle);
}
