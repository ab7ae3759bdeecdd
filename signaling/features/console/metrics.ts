import { Gauge, type Registry } from 'prom-client';
import type { ServerStatus } from './rest.ts';

/** Registers the metrics of the disks. */
export function consoleMetrics(registry: Registry, disks?: () => Promise<ServerStatus['disks']>): void {
  const gauge = (name: string, help: string, field: 'freeBytes' | 'totalBytes') =>
    new Gauge({
      name,
      help,
      labelNames: ['folder'],
      registers: [registry],
      async collect() {
        for (const disk of (await disks?.()) ?? []) {
          this.set({ folder: disk.folder }, disk[field]);
        }
      },
    });
  gauge(
    'canopy_disk_free_bytes',
    'Free space on the file system of the data folder and, if it is another one, of the recordings',
    'freeBytes',
  );
  gauge('canopy_disk_size_bytes', 'Size of these file systems', 'totalBytes');
}
