import { Histogram, type Registry } from 'prom-client';

/** The conference's metrics. */
export function conferenceMetrics(registry: Registry): { allocationSeconds: Histogram } {
  return {
    allocationSeconds: new Histogram({
      name: 'canopy_allocation_duration_seconds',
      help: 'Duration of each run of the allocator',
      buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
      registers: [registry],
    }),
  };
}
