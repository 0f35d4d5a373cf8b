/** The shapes that pages and the kiosk receive; types only, so that no server code reaches a browser. */
export type { AgentView } from '../agents/view.ts';
export type {
  AlertView,
  ArrivalView,
  BuildingView,
  ChangeView,
  CheckInMethod,
  NewcomerView,
  NightSummary,
  NightView,
  Person,
  ResidentView,
  ResultView,
} from '../attendance/views.ts';
export type { Ground, Status } from '../attendance/rules.ts';
export type { EntryView, GateView } from '../gates/views.ts';
export type { TerminalView } from '../gates/terminals/index.ts';
export type {
  AreaView,
  DeskView,
  InsideView,
  PaperList,
  PresentedView,
  VisitorView,
  WalkInView,
} from '../gates/desk/views.ts';
export type { StandingRow } from '../gates/store/presence.ts';
export type { KioskView, SupplyState } from '../kiosks/contract.ts';
export type { TopUpRow } from '../cards/service.ts';
export type { FleetKioskView, ServiceCardView } from '../kiosks/views.ts';
export type { CertificateView, PrinterView, PrintJobView } from '../certificates/ports.ts';
export type { OnBus } from '../devices/on-bus.ts';
export type { DeviceEvent } from '../devices/service.ts';
export type { DeviceDetail, DeviceView } from '../devices/registry/service.ts';
export type { CommandHistory, CommandView } from '../devices/commands/service.ts';
export type { HandCommand } from '../devices/commands/policy.ts';
export type { Suggested as Discovered } from '../devices/registry/hardware.ts';
export type { TwinState } from '../devices/twin/twin.ts';
export type { ImageView } from '../firmware/images.ts';
export type { RolloutDetail, RolloutView, TargetView } from '../firmware/service.ts';
export type { AuditRow } from '../audit/service.ts';
export type { Account } from '../staff/service.ts';
export type { Grant, Role } from '../staff/rules.ts';
export type { ProfileView, ProfilesView } from '../profiles/view.ts';
