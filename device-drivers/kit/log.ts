/** What drivers write their diary into; a pino logger fits. Fields never hold personal data or frame contents. */
export interface DeviceLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const ignore = (): void => undefined;

export const silentLog: DeviceLog = { debug: ignore, info: ignore, warn: ignore, error: ignore };
