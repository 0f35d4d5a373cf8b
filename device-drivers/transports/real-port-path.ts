import { realpathSync } from 'node:fs';

/** The one name of a serial port, where links lead to it; the name itself while the port is not there. */
export function realPortPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
