import type { auditList } from './rest.ts';

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/audit': typeof auditList;
  }
}
