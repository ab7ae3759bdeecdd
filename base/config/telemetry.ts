import { z } from 'zod';
import { decimal } from './values.ts';

/** Traces for OpenTelemetry. */
export const telemetrySection = z
  .strictObject({
    otlpUrl: z
      .url({ protocol: /^https?$/, error: 'write an http:// or https:// URL' })
      .regex(/^[^\s@#]+$/, { error: 'write an http:// or https:// URL without user and fragment' })
      .optional()
      .describe(
        'URL to which traces of joins are sent (OTLP over HTTP, JSON), e.g. `http://127.0.0.1:4318/v1/traces`; see docs/console.md. Headers for it come from the environment variable `OTEL_EXPORTER_OTLP_HEADERS`. Default: none, and no traces.',
      ),
    sampleShare: decimal({ min: 0, max: 1 })
      .default(1)
      .describe('Share of joins that are traced, 0 to 1. If the client sends a trace context, that decides.'),
  })
  .prefault({});
