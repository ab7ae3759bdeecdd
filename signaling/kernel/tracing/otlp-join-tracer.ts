import { type Context, defaultTextMapGetter, ROOT_CONTEXT, type Tracer } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { JoinTrace } from './join-trace.ts';
import type { JoinTracer, JoinTracerOptions } from './join-tracer.ts';

/** Spans that wait for the collector; more are dropped. */
const MAX_QUEUED = 2048;
/** Spans per request, so that writing one as JSON does not delay anything else. */
const MAX_BATCH = 128;
/** How often spans are sent, and how long the collector may take, in milliseconds. */
const INTERVAL_MS = 2_000;
const EXPORT_MS = 5_000;
/** How long closing may take, in milliseconds. */
const CLOSE_MS = 2_000;
/** Longest trace context that is read: version 00 has 55 characters. */
const MAX_CONTEXT_LENGTH = 256;

/** Sends traces by OTLP over HTTP. A collector that is slow or down costs a bounded queue of spans. */
export class OtlpJoinTracer implements JoinTracer {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(url: string, { config, log, version, exported }: JoinTracerOptions) {
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS });
    let isFailing = false;
    const observed = watch(exporter, (count, error) => {
      exported(error ? 'failed' : 'exported', count);
      if (error && !isFailing) {
        log.warn({ err: error }, 'the collector does not take traces; it is tried again with the next ones');
      } else if (!error && isFailing) {
        log.info('the collector takes traces again');
      }
      isFailing = error !== undefined;
    });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'canopy', 'service.version': version }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.telemetry.sampleShare) }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: observed,
          maxQueueSize: MAX_QUEUED,
          maxExportBatchSize: MAX_BATCH,
          scheduledDelayMillis: INTERVAL_MS,
          exportTimeoutMillis: EXPORT_MS,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('canopy', version);
  }

  begin({ openedAtMs, traceparent }: { openedAtMs: number; traceparent: unknown }): JoinTrace {
    return new JoinTrace(this.#tracer, this.#parentOf(traceparent), openedAtMs);
  }

  async close(): Promise<void> {
    const impatience = Promise.withResolvers<void>();
    const timer = setTimeout(impatience.resolve, CLOSE_MS);
    await Promise.race([this.#provider.shutdown().catch(() => {}), impatience.promise]);
    clearTimeout(timer);
  }

  #parentOf(traceparent: unknown): Context {
    if (typeof traceparent !== 'string' || traceparent.length > MAX_CONTEXT_LENGTH) {
      return ROOT_CONTEXT;
    }
    return this.#propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
  }
}

/** The exporter, with its results reported. */
function watch(exporter: SpanExporter, report: (count: number, error?: Error) => void): SpanExporter {
  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      exporter.export(spans, (result) => {
        const { code, error } = result;
        report(spans.length, code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('failed')));
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
