import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as OTLP/JSON has it (opentelemetry-proto, trace.proto). Times are nanoseconds of Unix time, as decimal text. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Array<{ key: string; value: { stringValue?: string } }>;
  events: Array<{ name: string }>;
  status: { code?: number; message?: string };
}

interface ExportRequest {
  resourceSpans: Array<{ scopeSpans: Array<{ spans: OtlpSpan[] }> }>;
}

/** Takes traces by OTLP over HTTP, JSON encoding, as a collector does. */
export class TraceCollector {
  readonly spans: OtlpSpan[] = [];
  /** The `authorization` headers of the requests. */
  readonly authorizations = new Set<string | undefined>();
  requests = 0;
  /** Whether it never answers. */
  hangs = false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      this.requests += 1;
      this.authorizations.add(request.headers.authorization);
      if (request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/json') {
        response.writeHead(404).end();
        return;
      }
      const { resourceSpans } = (await json(request)) as ExportRequest;
      if (this.hangs) {
        return;
      }
      this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  /** The traces that have a whole join, by their root span. */
  get joins(): OtlpSpan[] {
    return this.spans.filter(({ name }) => name === 'canopy.join');
  }

  /** The spans below another one, in the order of their start. */
  below({ spanId }: OtlpSpan): OtlpSpan[] {
    return this.spans
      .filter(({ parentSpanId }) => parentSpanId === spanId)
      .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
