import type { ShellApi } from '../preload/shell-api.ts';

declare global {
  interface Window {
    /** What the shell's preload script brings; absent in a plain browser. */
    readonly hallhubShell?: ShellApi;
  }
}
