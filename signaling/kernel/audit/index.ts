/** The audit log: who did what on the server. */
export { type Act, type Actor, aboutOf, actorOf } from './act.ts';
export { AuditLog } from './audit-log.ts';
export type { AuditQuery } from './audit-records.ts';
export { AUDIT_MIGRATIONS } from './migrations.ts';
export { requestAuditor } from './request-auditor.ts';
export type { ActorKind, AuditRow } from './tables.ts';
