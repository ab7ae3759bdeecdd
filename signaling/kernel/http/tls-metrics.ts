import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers the metrics of the HTTPS certificate. */
export function tlsMetrics(
  registry: Registry,
  sources: { expiresMs?: () => number | undefined; acmeFailures?: () => number } = {},
): void {
  new Gauge({
    name: 'canopy_tls_certificate_expires_seconds',
    help: 'When the HTTPS certificate expires, in seconds of Unix time; 0 without HTTPS.',
    registers: [registry],
    collect() {
      this.set((sources.expiresMs?.() ?? 0) / 1000);
    },
  });
  new Counter({
    name: 'canopy_acme_failures_total',
    help: 'Failed attempts to obtain the HTTPS certificate by ACME since the start.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(sources.acmeFailures?.() ?? 0);
    },
  });
}
