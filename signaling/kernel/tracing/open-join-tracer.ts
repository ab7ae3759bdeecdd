import type { JoinTracer, JoinTracerOptions } from './join-tracer.ts';

/** The tracer if `telemetry.otlpUrl` is set; without it, nothing of OpenTelemetry is loaded. */
export async function openJoinTracer(options: JoinTracerOptions): Promise<JoinTracer | undefined> {
  const { otlpUrl } = options.config.telemetry;
  if (otlpUrl === undefined) {
    return undefined;
  }
  const { OtlpJoinTracer } = await import('./otlp-join-tracer.ts');
  return new OtlpJoinTracer(otlpUrl, options);
}
