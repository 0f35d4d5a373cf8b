/** What the screens can ask of the shell: only what the web cannot do. */
export interface ShellApi {
  /** The page is alive. Without it the watchdog starts the shell again. */
  alive(): void;
  /** Somebody left: what the browser kept of them is thrown away. */
  wiped(): void;
  /** Staff start the shell again. */
  restart(): void;
}
