/** What the screens can ask of the shell: only what the web cannot do. */
export interface ShellApi {
  /** The page is alive. Without it the watchdog starts the shell again. */
  alive(): void;
  /** Somebody was here and the first screen is up again: what the browser kept is thrown away and the page loaded anew. */
  finished(): void;
  /** Staff start the shell again. */
  restart(): void;
}
