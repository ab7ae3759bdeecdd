#ifndef CANOPY_CODECS_H
#define CANOPY_CODECS_H

#include "binding.h"

void export_opus(napi_env env, napi_value exports);
void export_g722(napi_env env, napi_value exports);
/* These two export nothing in a build without libgsm or libspeex. */
void export_gsm(napi_env env, napi_value exports);
void export_speex(napi_env env, napi_value exports);
void export_resampler(napi_env env, napi_value exports);
void export_dtmf(napi_env env, napi_value exports);

#endif
