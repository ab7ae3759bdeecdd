import { Counter, Gauge, type Registry } from 'prom-client';
import type { RequestResult } from '../../../contract/index.ts';
import type { Encryption } from './encryption.ts';

export interface CommitMetrics {
  committed(outcome: RequestResult<'encryption.commit'>['outcome']): void;
}

/** @param encryption without it, for the reference pages only */
export function encryptionMetrics(registry: Registry, encryption?: Pick<Encryption, 'count'>): CommitMetrics {
  new Gauge({
    name: 'canopy_encryption_groups',
    help: 'End-to-end encrypted rooms with a group of keys.',
    registers: [registry],
    collect() {
      this.set(encryption?.count ?? 0);
    },
  });
  const commits = new Counter({
    name: 'canopy_encryption_commits_total',
    help: 'Changes of the keys of encrypted rooms: accepted, or late because another one came first.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return { committed: (outcome) => commits.inc({ outcome }) };
}
