/** An agent as the console shows it. */
export interface AgentView {
  readonly id: string;
  readonly label: { readonly zh: string; readonly en: string };
  readonly enrolledAt: number | null;
  readonly revokedAt: number | null;
  /** Withdrawn here, while a broker outside may still let it in: it is asked again until it does not. */
  readonly withdrawing: boolean;
  readonly connected: boolean;
  readonly heardAt: number | null;
  /** Its clock minus the hub's, in milliseconds. */
  readonly clockOffset: number | null;
  readonly version: string | null;
  readonly profiles: string | null;
  readonly safeMode: string | null;
  readonly pendingEvents: number | null;
  /** What it last said that it could not keep, between two instants of its clock. */
  readonly shed: {
    readonly since: string;
    readonly at: string;
    readonly counts: Readonly<Record<'logs' | 'health' | 'refusals' | 'reports' | 'entries', number>>;
  } | null;
  readonly devices: readonly string[];
}
