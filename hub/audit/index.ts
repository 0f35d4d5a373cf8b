export { type Audit, type AuditRecord, type AuditRow, createAudit } from './service.ts';
export { auditSchema } from './schema.ts';
export { auditCodes } from './codes.ts';
