import { type AuditRow, errorResponses, type Kernel } from '../../kernel/index.ts';
import { type AuditEntry, auditList, auditQuery } from './rest.ts';

/** The route for administrators that lists the audit log. */
export function registerAuditRoutes(kernel: Kernel): void {
  kernel.adminRoutes('audit.administer', (app) => {
    app.get(
      '/api/audit',
      {
        schema: {
          description:
            'Who administered the server or moderated rooms: entries of the audit log, latest first.',
          querystring: auditQuery,
          response: { 200: auditList, ...errorResponses },
        },
      },
      async ({ query: { actor, since, until, ...query } }) => {
        const rows = await kernel.audit.list({ ...query, actorKind: actor, sinceMs: since, untilMs: until });
        return { entries: rows.map(entryOf) };
      },
    );
  });
}

function entryOf(row: AuditRow): AuditEntry {
  return {
    entryId: row.entry_id,
    atMs: row.at_ms,
    actor: {
      kind: row.actor_kind,
      id: row.actor_id,
      name: row.actor_name,
      deviceId: row.device_id,
      address: row.address,
    },
    action: row.action,
    outcome: row.outcome,
    roomId: row.room_id,
    accountId: row.account_id,
    details: row.details === null ? null : JSON.parse(row.details),
    count: row.count,
  };
}
