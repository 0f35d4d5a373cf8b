/** The shapes that pages and the kiosk receive; types only, so that no server code reaches a browser. */
export type { AgentView } from '../agents/view.ts';
export type { EntryView, GateView } from '../gates/service.ts';
export type { KioskView } from '../kiosks/service.ts';
export type { CertificateView, PrintJobView } from '../certificates/ports.ts';
export type { BusDeviceView, DeviceView } from '../devices/service.ts';
export type { AuditRow } from '../audit/service.ts';
export type { Account } from '../staff/service.ts';
export type { Grant, Role } from '../staff/rules.ts';
