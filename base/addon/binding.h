/*
 * What every binding needs: checked access to arguments, handles, errors. A handle is a tagged external that owns its state;
 * `close` frees the state at once, the finalizer frees what was never closed. Nothing here is global, so an add-on loads into
 * any number of worker threads.
 */
#ifndef CANOPY_BINDING_H
#define CANOPY_BINDING_H

#define NAPI_VERSION 9
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGUMENTS 5

/* Reads exactly `count` arguments; throws and returns false when there are fewer. */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* Each of these reads one argument, and throws and returns false when it is of another kind or out of range. */
bool argument_integer(napi_env env, napi_value value, const char *name, int32_t min, int32_t max, int32_t *result);
bool argument_flag(napi_env env, napi_value value, const char *name, bool *result);
bool argument_samples(napi_env env, napi_value value, const char *name, int16_t **data, size_t *length);
bool argument_bytes(napi_env env, napi_value value, const char *name, uint8_t **data, size_t *length);

/* Wraps `state` into a handle that only argument_handle() with the same tag opens. Frees the state when it fails. */
napi_value make_handle(napi_env env, void *state, napi_finalize finalize, const napi_type_tag *tag);
void *argument_handle(napi_env env, napi_value value, const napi_type_tag *tag);

/* Throws a RangeError with a printf-like message; returns NULL, so that a callback can `return fail(...)`. */
napi_value fail(napi_env env, const char *format, ...) __attribute__((format(printf, 2, 3)));

napi_value number(napi_env env, double value);
napi_value nothing(napi_env env);
void export_function(napi_env env, napi_value exports, const char *name, napi_callback callback);

#endif
