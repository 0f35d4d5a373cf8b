import type { BrowserWindowConstructorOptions, Input } from 'electron';

export { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '@hallhub/hub/kiosks/page-policy';

/*
 * What the shell lets happen, as plain data and pure functions. Nothing here touches Electron.
 */

export const SCHEME = 'app';
export const HOST = 'kiosk';
export const ORIGIN = `${SCHEME}://${HOST}`;

/** In memory only (no `persist:`): a kiosk that was switched off has forgotten everything. */
export const PARTITION = 'kiosk';

export const pageOf = (kioskId: string): string => `${ORIGIN}/kiosk/${encodeURIComponent(kioskId)}`;

export const windowOptions = (preload: string): BrowserWindowConstructorOptions => ({
  kiosk: true,
  fullscreen: true,
  frame: false,
  show: false,
  autoHideMenuBar: true,
  backgroundColor: '#f4f3ef',
  webPreferences: {
    preload,
    partition: PARTITION,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    devTools: false,
    spellcheck: false,
    navigateOnDragDrop: false,
    // A page that waits for a card must go on telling that it is alive.
    backgroundThrottling: false,
  },
});

/** Whether an address is a page of this kiosk: its origin exactly, never a prefix of it. */
export function isOwn(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, password } = new URL(address);
  return protocol === `${SCHEME}:` && host === HOST && username === '' && password === '';
}

/** Whether a page may go there: to its own screens, not to the files and answers beside them. */
export const isScreen = (address: string): boolean => isOwn(address) && new URL(address).pathname.startsWith('/kiosk/');

const TYPED = new Set(['Tab', 'Enter', ' ', 'Backspace', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

/** A kiosk has no keyboard; whoever plugs one in can move and type, and nothing else: no reload, no zoom, no way out. */
export const isAllowedKey = ({ key, control, alt, meta }: Pick<Input, 'key' | 'control' | 'alt' | 'meta'>): boolean =>
  !control && !alt && !meta && (TYPED.has(key) || Array.from(key).length === 1);

/** A file that may be saved: the log, for staff who are in the service mode; the kiosk's server asks for that. */
export const isSavable = (address: string): boolean =>
  isOwn(address) && /^\/api\/kiosks\/[^/]+\/service\/log$/.test(new URL(address).pathname);
