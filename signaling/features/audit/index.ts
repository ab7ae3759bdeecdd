export { registerAudit } from './register.ts';
export { type AuditEntry, auditList } from './rest.ts';
