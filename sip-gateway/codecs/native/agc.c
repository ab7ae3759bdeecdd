/*
 * Automatic gain control by libspeexdsp. Its preprocessor delays the signal by a frame, so it only listens here: it analyses a
 * copy, and the gain that it has found is applied, ramped over the frame, to the samples themselves, which wait for nothing.
 */
#include "codecs.h"

#include <math.h>
#include <speex/speex_preprocess.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  SpeexPreprocessState *state;
  int16_t *copy;
  size_t frame;
  float gain;
} Agc;

static const napi_type_tag TAG = {0xc80a5be1374f4419, 0x8f22d96b50e3c71a};

static void close_state(Agc *agc) {
  if (agc->state) speex_preprocess_state_destroy(agc->state);
  free(agc->copy);
  agc->state = NULL;
  agc->copy = NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_state(data);
  free(data);
}

/* agcCreate(sampleRate, frameSamples, targetLevel, maxGainDb) → handle; targetLevel as a sample value, 1..32767. */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[4];
  int32_t rate, frame, target, max_gain;
  if (!arguments(env, info, 4, values) || !argument_integer(env, values[0], "sampleRate", 8000, 48000, &rate) ||
      !argument_integer(env, values[1], "frameSamples", 80, 1920, &frame) ||
      !argument_integer(env, values[2], "targetLevel", 1, 32767, &target) ||
      !argument_integer(env, values[3], "maxGainDb", 0, 40, &max_gain)) {
    return NULL;
  }
  if (frame % 2 != 0) return fail(env, "frameSamples must be even");
  Agc *agc = calloc(1, sizeof *agc);
  if (!agc) return fail(env, "out of memory");
  agc->frame = (size_t)frame;
  agc->gain = 1;
  agc->copy = malloc(agc->frame * sizeof *agc->copy);
  agc->state = speex_preprocess_state_init(frame, rate);
  int off = 0, on = 1;
  if (!agc->copy || !agc->state || speex_preprocess_ctl(agc->state, SPEEX_PREPROCESS_SET_AGC, &on) != 0) {
    finalize(env, agc, NULL);
    return fail(env, "this libspeexdsp has no gain control");
  }
  speex_preprocess_ctl(agc->state, SPEEX_PREPROCESS_SET_DENOISE, &off);
  speex_preprocess_ctl(agc->state, SPEEX_PREPROCESS_SET_AGC_TARGET, &target);
  speex_preprocess_ctl(agc->state, SPEEX_PREPROCESS_SET_AGC_MAX_GAIN, &max_gain);
  return make_handle(env, agc, finalize, &TAG);
}

/* agcProcess(handle, samples): changes the samples in place → gain applied, in dB */
static napi_value process(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int16_t *samples;
  size_t count;
  if (!arguments(env, info, 2, values)) return NULL;
  Agc *agc = argument_handle(env, values[0], &TAG);
  if (!agc) return NULL;
  if (!agc->state) return fail(env, "the gain control is closed");
  if (!argument_samples(env, values[1], "samples", &samples, &count)) return NULL;
  if (count != agc->frame) return fail(env, "a frame has %zu samples, not %zu", agc->frame, count);
  memcpy(agc->copy, samples, count * sizeof *samples);
  speex_preprocess_run(agc->state, agc->copy);
  spx_int32_t gain_db = 0;
  speex_preprocess_ctl(agc->state, SPEEX_PREPROCESS_GET_AGC_GAIN, &gain_db);
  float target = powf(10, (float)gain_db / 20), step = (target - agc->gain) / (float)count, gain = agc->gain;
  for (size_t i = 0; i < count; i++) {
    gain += step;
    float value = rintf((float)samples[i] * gain);
    samples[i] = value > 32767 ? 32767 : value < -32768 ? -32768 : (int16_t)value;
  }
  agc->gain = target;
  return number(env, gain_db);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Agc *agc = argument_handle(env, values[0], &TAG);
  if (!agc) return NULL;
  close_state(agc);
  return nothing(env);
}

void export_agc(napi_env env, napi_value exports) {
  export_function(env, exports, "agcCreate", create);
  export_function(env, exports, "agcProcess", process);
  export_function(env, exports, "agcClose", close_handle);
}
