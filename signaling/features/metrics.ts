import type { Registry } from 'prom-client';
import { tlsMetrics } from '../kernel/index.ts';
import { conferenceMetrics } from './conference/index.ts';
import { consoleMetrics } from './console/index.ts';
import { directCallMetrics } from './direct-calls/index.ts';
import { encryptionMetrics } from './encryption/index.ts';
import { linkMetrics } from './links/index.ts';
import { pushMetrics } from './push/index.ts';
import { storageMetrics } from './recording/index.ts';
import { signOnMetrics } from './sign-on/index.ts';
import { streamMetrics } from './streams/index.ts';
import { webhookMetrics } from './webhooks/index.ts';

/** Registers the metrics of all features and of the HTTPS certificate, for the reference pages only. In a server, each feature registers its own. */
export function registerMetrics(registry: Registry): void {
  tlsMetrics(registry);
  conferenceMetrics(registry);
  consoleMetrics(registry);
  linkMetrics(registry);
  signOnMetrics(registry);
  webhookMetrics(registry);
  pushMetrics(registry);
  directCallMetrics(registry);
  encryptionMetrics(registry);
  streamMetrics(registry);
  storageMetrics(registry);
}
